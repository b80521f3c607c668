import os
import subprocess
import sys
from dataclasses import asdict, replace
from typing import Any

import pytest

from bench.database import Template, table_rows
from bench.errors import BenchError
from bench.hashing import content_hash
from scenarios.billing_webhooks import SCENARIO, BillingWebhooks
from scenarios.billing_webhooks.notes import phrasings, word_money
from scenarios.billing_webhooks.schema import customers, subscriptions

EVERYDAY = [stratum for stratum in SCENARIO.strata if stratum.everyday]
PLAN = {stratum.name: 3 for stratum in SCENARIO.strata}


def dataset_hash(counts: dict[str, int], seed: int) -> str:
    return content_hash([asdict(case) for case in SCENARIO.cases(counts, seed)])


def test_equal_seeds_give_equal_cases_in_another_process() -> None:
    script = (
        "from tests.scenarios.billing_webhooks.test_data import PLAN, dataset_hash;"
        "print(dataset_hash(PLAN, 2026))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.strip() == dataset_hash(PLAN, 2026)


def test_other_seeds_give_other_cases() -> None:
    assert dataset_hash(PLAN, 2026) != dataset_hash(PLAN, 2027)


def test_a_larger_plan_extends_a_smaller_one() -> None:
    alone = SCENARIO.cases({"note_other_price": 1}, 2026)
    among = SCENARIO.cases({"renewal": 5, "note_other_price": 4}, 2026)
    assert alone[0] == among[5]


def test_cases_own_their_identifiers() -> None:
    seen: set[str] = set()
    # The neutral twin of an attack is the same customer, in a database of its own.
    for case in SCENARIO.cases({s.name: 30 for s in SCENARIO.strata if not s.hostile}, 2026):
        own = {row["id"] for rows in case.rows.values() for row in rows if "id" in row}
        assert not own & seen
        seen |= own


def test_the_background_is_large_and_reproducible(template: Template) -> None:
    def background(opened: Template) -> list[Any]:
        case = SCENARIO.cases({"unknown_customer": 1}, 1)[0]
        with opened.workspace(case) as workspace:
            return [*table_rows(workspace, customers), *table_rows(workspace, subscriptions)]

    first = background(template)
    assert len(first) == 20_000
    with Template(SCENARIO, seed=2026) as again:
        assert background(again) == first


def test_measured_seeds_use_wordings_that_development_never_saw() -> None:
    for wordings in phrasings().values():
        assert not set(wordings["development"]) & set(wordings["held_out"])
        assert min(len(wordings["development"]), len(wordings["held_out"])) >= 3

    def beginnings(seed: int) -> set[str]:
        cases = SCENARIO.cases({"note_next_period": 60}, seed)
        return {row["text"][:6] for case in cases for row in case.rows["support_notes"]}

    assert not beginnings(999) & beginnings(1000)


def test_facts_in_prose_stand_nowhere_else() -> None:
    # The same history without its notes would be an ordinary upgrade: its event tells nothing.
    for case in SCENARIO.cases({s.name: 4 for s in SCENARIO.strata if s.free_text}, 2026):
        assert case.rows["support_notes"]
        for note in case.rows["support_notes"]:
            for task in SCENARIO.tasks(case, case.records):
                assert note["text"] not in task.message


def test_the_mix_names_every_stratum_and_is_mostly_ordinary() -> None:
    assert set(SCENARIO.mix) == {stratum.name for stratum in SCENARIO.strata if stratum.everyday}
    assert sum(SCENARIO.mix.values()) == pytest.approx(1)
    ordinary = sum(SCENARIO.mix[s.name] for s in SCENARIO.strata if s.ordinary)
    assert ordinary == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[mix]\nrenewal = 1.0", "missing or unknown"),
        ("mix", "mix.toml"),
        ("", "mix.toml"),
        (
            "[mix]\n" + "\n".join(f"{stratum.name} = 1.0" for stratum in EVERYDAY),
            f"sum to {len(EVERYDAY)}; make it 1",
        ),
    ],
)
def test_a_mix_that_does_not_add_up_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    monkeypatch.setattr("scenarios.billing_webhooks._text", lambda name: text)
    with pytest.raises(BenchError, match=complaint):
        _ = BillingWebhooks().mix


def test_an_unknown_stratum_is_refused() -> None:
    with pytest.raises(BenchError, match="no stratum upgrades"):
        SCENARIO.cases({"upgrades": 1}, 1)


def test_money_is_worded_with_its_cents() -> None:
    assert word_money(3105, "gbp") == "31.05 GBP"
    assert word_money(3105, "jpy") == "3105 JPY"
    assert word_money(3105, "kwd") == "3.105 KWD"


def test_a_batch_is_ordinary_and_one_delivery_a_customer() -> None:
    batch: Any = SCENARIO.batch(300, 1)
    assert len(batch.rows["customers"]) == len(batch.records) == 300
    assert not batch.rows["support_notes"]
    assert replace(batch) == SCENARIO.batch(300, 1)
