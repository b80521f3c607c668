from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.gate import load_settings, sequential
from tests.gate.made import Made, cases, judged, once


def test_the_users_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("alpha = 0.01\n[success]\npoints = 2\n[dollars]\ngated = false\n")
    plain, own = load_settings(), load_settings(path)
    assert (plain.alpha, plain.rules["success"].least) == (0.05, 0.05)
    assert (own.alpha, own.rules["success"].least) == (0.01, 0.02)
    assert own.rules["success"].gated
    assert not own.rules["dollars"].gated
    assert own.rules["dollars"].least == plain.rules["dollars"].least
    assert own.rules["tokens"] == plain.rules["tokens"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[success]\npoints = =", "not valid TOML: .*line 2"),
        ("alpha = 0.7", "alpha has to be a number between 0 and 0.5, not 0.7"),
        ("alpha = true", "alpha has to be a number"),
        ("speed = 1", "unknown key 'speed'; there are alpha, miss, infrastructure, baseline_days"),
        ("success = 5", r"success has to be a table, \[success\]"),
        ("success.percent = 5", "unknown key 'percent'; there are gated, points, excluded"),
        ("success.points = -1", "success.points has to be a number between 0"),
        ("success.points = 'five'", "success.points has to be a number"),
        ("success.excluded = 3", "success.excluded has to be at least 5, not 3"),
        ("success.excluded = 'thrice'", "success.excluded has to be a number"),
        ("tokens.gated = 'yes'", "gated has to be true or false, not 'yes'"),
        (
            "success.gated=false\nstrata.gated=false\ntokens.gated=false\ndollars.gated=false\n"
            "prompt_tokens.gated=false",
            "no metric is gated",
        ),
    ],
)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gate.toml"
    path.write_text(text)
    with pytest.raises(BenchError, match=message) as caught:
        load_settings(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")


def test_what_cannot_be_looked_at_always_is_refused_where_cases_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("latency.gated = true\n")
    with pytest.raises(BenchError, match=r"gate\.toml: latency cannot be judged .*--fixed"):
        sequential.check(load_settings(path), path)
    sequential.check(load_settings())
    drawn = Made(once(cases("plain", 6)), name="a", manifest={"sequential": True})
    with pytest.raises(BenchError, match="latency"):
        judged(drawn, drawn, path)
