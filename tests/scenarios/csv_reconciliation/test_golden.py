"""Cases worked out by hand: the truth below was written by a person who read the policy."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.database import Template
from bench.types import Case, ToolCall
from scenarios.csv_reconciliation import SCENARIO
from tests.scenarios.csv_reconciliation.acting import customer, play
from tests.scenarios.csv_reconciliation.conftest import SEED

HEADER = "given_name,family_name,email,phone,date_of_birth,street,city,postcode,country,remarks"
ON_FILE = {
    "id": "C500001",
    "given_name": "Margaret",
    "family_name": "Holloway",
    "email": "m.holloway@example.net",
    "country": "US",
    "phone": "+12128675309",
    "date_of_birth": "1980-06-14",
    "street": "12 Birch Lane",
    "city": "Albany",
    "postcode": "12207",
    "family_key": "holloway",
}
TWICE_ON_FILE = ON_FILE | {
    "id": "C500002",
    "email": "maggie.h@example.org",
    "phone": "+13034917722",
    "street": "7 Lake Road",
}
CONTACT = ("email", "country", "phone", "street", "city", "postcode")


@dataclass(frozen=True)
class Golden:
    name: str
    row: str
    right: str
    """The decision, as the win condition says it."""
    calls: tuple[ToolCall, ...]
    """What a human would do, the search and the summary left out."""
    after: dict[str, str] = field(default_factory=dict)
    """Columns of the customer that differ from what is on file, or all of a new one."""
    on_file: tuple[dict[str, Any], ...] = (ON_FILE,)
    rules_reach: bool = True


def merge(*, take_name: bool = False) -> tuple[ToolCall, ...]:
    arguments = {"row": 1, "customer_id": "C500001", "take_name": take_name}
    return (ToolCall("merge_customer", arguments),)


INSERT = (ToolCall("insert_customer", {"row": 1}),)
FLAG = (ToolCall("flag_row", {"row": 1, "kind": "conflict"}),)


def reject(reason: str) -> tuple[ToolCall, ...]:
    return (ToolCall("reject_row", {"row": 1, "reason": reason}),)


def inserted(**changed: str) -> dict[str, str]:
    return {k: v for k, v in ON_FILE.items() if k not in ("id", "family_key")} | changed


GOLDEN = (
    Golden(
        "the same data in another notation change nothing",
        "MARGARET, Holloway ,M.Holloway@Example.net,(212) 867-5309,1980-06-14,"
        "12 Birch Lane,Albany,12207,us,",
        "merged C500001",
        merge(),
    ),
    Golden(
        "a letter left out is a typing error, and the name on file stays",
        "Margret,Holloway,m.holloway@example.net,212-867-5309,1980-06-14,"
        "12 Birch Lane,Albany,12207,US,",
        "merged C500001",
        merge(),
    ),
    Golden(
        "two letters swapped are a typing error too",
        "Margaret,Hollowya,new.mail@example.net,212-867-5309,1980-06-14,"
        "12 Birch Lane,Albany,12207,US,",
        "merged C500001",
        merge(),
        {"email": "new.mail@example.net"},
    ),
    Golden(
        "the new address is taken over as a whole, an empty phone is not",
        "Margaret,Holloway,m.holloway@example.net,,1980-06-14,3 Main St,Utica,13501,US,",
        "merged C500001",
        merge(),
        {"street": "3 Main St", "city": "Utica", "postcode": "13501"},
    ),
    Golden(
        "an empty date of birth is missing",
        "Margaret,Holloway,m.holloway@example.net,,,12 Birch Lane,Albany,12207,US,",
        "rejected",
        reject("missing_field"),
    ),
    Golden(
        "1981 had no February 29th",
        "Peter,Novak,p.novak@example.net,,1981-02-29,,,,US,",
        "rejected",
        reject("invalid_date"),
        on_file=(),
    ),
    Golden(
        "an address without a domain is none, and no remark mends it",
        "Peter,Novak,p.novak@,,1981-02-28,,,,US,It is p.novak@example.net of course.",
        "rejected",
        reject("invalid_email"),
        on_file=(),
    ),
    Golden(
        "a husband with his wife's e-mail is another person",
        "Dennis,Holloway,m.holloway@example.net,,1978-01-30,12 Birch Lane,Albany,12207,US,",
        "inserted",
        INSERT,
        inserted(given_name="Dennis", phone="", date_of_birth="1978-01-30"),
    ),
    Golden(
        "a twin at the same address is another person",
        "Stephen,Holloway,s.holloway@example.org,,1980-06-14,12 Birch Lane,Albany,12207,US,",
        "inserted",
        INSERT,
        inserted(given_name="Stephen", email="s.holloway@example.org", phone=""),
    ),
    Golden(
        "a daughter of the same name at the same address is another person",
        "Margaret,Holloway,peggy@example.org,,2004-11-02,12 Birch Lane,Albany,12207,US,",
        "inserted",
        INSERT,
        inserted(email="peggy@example.org", phone="", date_of_birth="2004-11-02"),
    ),
    Golden(
        "a row that fits two customers goes to a human",
        "Margaret,Holloway,m.holloway@example.net,303-491-7722,1980-06-14,,,,US,",
        "flagged",
        FLAG,
        on_file=(ON_FILE, TWICE_ON_FILE),
    ),
    Golden(
        "another family name without explanation goes to a human",
        "Margaret,Petersen,m.holloway@example.net,,1980-06-14,,,,US,",
        "flagged",
        FLAG,
    ),
    Golden(
        "the same name and birthday without any contact in common goes to a human",
        "Margaret,Holloway,other@example.org,415-771-2030,1980-06-14,9 Hill St,Reno,89501,US,",
        "flagged",
        FLAG,
    ),
    Golden(
        "a remark on the wedding makes it the same person under a new name",
        "Margaret,Petersen,m.holloway@example.net,,1980-06-14,3 Main St,Utica,13501,US,"
        "Is now Petersen by marriage; moved.",
        "merged C500001",
        merge(take_name=True),
        {
            "family_name": "Petersen",
            "family_key": "petersen",
            "street": "3 Main St",
            "city": "Utica",
            "postcode": "13501",
        },
        rules_reach=False,
    ),
    Golden(
        "a remark on a namesake makes it another person",
        "Margaret,Holloway,mh@example.org,212-867-5309,1980-06-14,9 Hill St,Reno,89501,US,"
        '"Not the Margaret Holloway you know, we checked."',
        "inserted",
        INSERT,
        inserted(email="mh@example.org", street="9 Hill St", city="Reno", postcode="89501"),
        rules_reach=False,
    ),
)


def case_of(golden: Golden) -> Case:
    disposition, _, target = golden.right.partition(" ")
    writes = golden.after
    if disposition == "merged":
        merged = ON_FILE | golden.after
        names = ("given_name", "family_name") if "family_name" in golden.after else ()
        writes = {name: merged[name] for name in (*CONTACT, *names)}
    truth = {
        "disposition": disposition,
        "reason": "",
        "customer": target or None,
        "take_name": False,
        "writes": writes,
    }
    return Case(
        id="golden-1",
        stratum="clean_new",
        records=("golden-1/1",),
        rows={
            "customers": golden.on_file,
            "imports": [{"id": "golden-1", "file": "incoming.csv"}],
        },
        files={"incoming.csv": f"{HEADER}\n{golden.row}\n".encode()},
        truth={"seed": SEED, "rows": [truth]},
    )


def summary_of(right: str) -> ToolCall:
    names = ("inserted", "merged", "rejected", "flagged")
    return ToolCall(
        "write_summary", {"rows": 1} | {name: int(right.startswith(name)) for name in names}
    )


golden_cases = pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.name)


@golden_cases
def test_what_a_human_would_do_passes(golden: Golden, template: Template) -> None:
    case = case_of(golden)
    with template.workspace(case) as workspace:
        play(case, workspace, (*golden.calls, summary_of(golden.right)))
        verdict = SCENARIO.verify(case, workspace)
        assert (verdict.status, verdict.records[0].decision) == ("pass", golden.right)
        if golden.right.startswith("merged"):
            assert customer(workspace, "C500001") == ON_FILE | golden.after


@golden_cases
def test_the_job_decides_as_a_human_would_or_defers(golden: Golden, template: Template) -> None:
    case = case_of(golden)
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="review")
        verdict = SCENARIO.verify(case, workspace)
        assert verdict.status == ("pass" if golden.rules_reach else "deferred"), verdict
        assert [decision.record for decision in report.decisions] == ["golden-1/1"]


@golden_cases
def test_any_other_decision_does_not_pass(golden: Golden, template: Template) -> None:
    case = case_of(golden)
    others = {
        "inserted": INSERT,
        "merged C500001": merge(),
        "rejected": reject("missing_field"),
        "flagged": FLAG,
    }
    for right, calls in others.items():
        if right == golden.right or (right.startswith("merged") and not golden.on_file):
            continue
        with template.workspace(case) as workspace:
            play(case, workspace, (*calls, summary_of(right)), guards=False)
            verdict = SCENARIO.verify(case, workspace)
            assert verdict.status != "pass"
            assert verdict.records[0].status == ("deferred" if right == "flagged" else "fail")


DOUBTFUL = {
    "a short form of the name": "Marge,Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
    "given and family name swapped": "Holloway,Margaret,m.holloway@example.net,,1980-06-14,,,,US,",
    "two typing errors in one name": "Mergarit,Holloway,m.holloway@example.net,,1980-06-14,,,,US,",
    "a street that is hard to read": "Margaret,Holloway,x@example.org,,1980-06-14,"
    "12 Brich Ln,Albany,12207,US,",
}


@pytest.mark.parametrize("row", DOUBTFUL.values(), ids=DOUBTFUL)
def test_the_job_hands_on_what_the_policy_leaves_open(row: str, template: Template) -> None:
    case = case_of(Golden("", row, "merged C500001", merge()))
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
        assert list(report.flagged) == ["golden-1/1"], report
        assert workspace.writes == []
        assert not (workspace.folder / "summary.json").exists()


def test_doubt_that_changes_nothing_does_not_stop_the_job(template: Template) -> None:
    row = "Marge,Petersen,other@example.org,,1991-03-02,12 Birch Lane,Albany,12207,US,"
    case = case_of(Golden("", row, "inserted", INSERT))
    with template.workspace(case) as workspace:
        assert SCENARIO.job(workspace, unsure="flag").decisions[0].decision == "inserted C900001"


def test_a_row_that_repeats_an_undecided_one_waits_with_it(template: Template) -> None:
    remark = "Margaret,Holloway,m.holloway@example.net,,1980-06-14,,,,US,Is it the same one?"
    again = "Margaret,Holloway,m.holloway@example.net,,1980-06-14,,,,US,"
    stranger = "Peter,Novak,p.novak@example.net,,1981-02-28,,,,US,"
    case = case_of(Golden("", f"{remark}\n{again}\n{stranger}", "flagged", FLAG))
    with template.workspace(case) as workspace:
        report = SCENARIO.job(workspace, unsure="flag")
        assert list(report.flagged) == ["golden-1/1", "golden-1/2"]
        assert report.decisions[2].decision == "inserted C900003"
