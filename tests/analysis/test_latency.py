from __future__ import annotations

from bench.analysis.latency import latency
from bench.analysis.samples import mixed, pooled
from bench.types import Provenances, Timing
from tests.synthetic import a_trial


def test_a_models_time_is_working_time_without_the_waiting() -> None:
    found = latency(pooled("plain", [a_trial(working_s=2.0, wall_s=60.0, waiting_s=58.0)]))
    assert found.quantiles[0.5] == 2.0
    assert found.per_record == 2.0


def test_a_jobs_time_is_the_calibrated_median_once_a_case() -> None:
    timing = Timing(15, 4e-4, 5e-4, 9e-4)
    trials = [
        a_trial(model=None, timing=timing, working_s=1.0),
        a_trial(model=None, repeat=1, working_s=1.0),
    ]
    found = latency(pooled("plain", trials))
    assert found.observations == 1
    assert found.quantiles[0.5] == 5e-4


def test_a_job_that_was_not_timed_has_no_time() -> None:
    found = latency(pooled("plain", [a_trial(model=None)]))
    assert found.quantiles[0.5] is None
    assert found.reasons[0.5] == "not timed in calibrated rounds"


def test_played_and_replayed_trials_have_no_time() -> None:
    for kind in ("modelled", "replayed"):
        played = Provenances(kind, kind, kind, kind)  # type: ignore[arg-type]
        found = latency(pooled("plain", [a_trial(provenance=played)]))
        assert found.quantiles[0.5] is None
        assert kind in found.reasons[0.5]


def test_p95_is_withheld_below_59_trials() -> None:
    trials = [a_trial(case=f"plain-{n}", working_s=float(n)) for n in range(59)]
    assert latency(pooled("plain", trials)).quantiles[0.95] is not None
    few = latency(pooled("plain", trials[:58]))
    assert few.quantiles[0.95] is None
    assert few.reasons[0.95] == "fewer than 59 observations"


def test_the_median_of_a_mix_is_that_of_what_is_frequent() -> None:
    trials = [a_trial(case=f"often-{n}", working_s=0.001) for n in range(3)]
    trials += [a_trial(case=f"seldom-{n}", working_s=9.0) for n in range(30)]
    found = latency(mixed([("often", 0.99), ("seldom", 0.01)], trials))
    assert found.quantiles[0.5] == 0.001
