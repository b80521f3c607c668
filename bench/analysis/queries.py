"""How long tools and jobs wait for the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.analysis.documented import Documented
from bench.analysis.statistics import observations_needed, percentile
from bench.types import Step, Trial


@dataclass(frozen=True, slots=True)
class Queries(Documented):
    """The time that one tool, or the whole job, waits for the database: measured always, since
    tools are real whoever calls them. Executing, fetching rows and committing count, with the way
    there and back; refused and failed calls too."""

    scenario: str
    """Name of the scenario."""
    approach: str
    """Name of the approach."""
    model: str | None
    """Name of the model; null for approaches that use none."""
    tool: str | None
    """Name of the tool; null for plain code, of which a call is a whole case."""
    engine: str
    """``SQLite`` or ``PostgreSQL``."""
    version: str
    """The engine's."""
    calls: int
    """Calls of the tool, or cases."""
    statements: float
    """Mean statements of a call."""
    p50_s: float | None
    """Median seconds of a call."""
    p95_s: float | None
    """95th percentile; null below 59 calls."""
    p99_s: float | None
    """99th percentile; null below 299 calls."""
    max_s: float
    """The longest."""
    share: float | None
    """Part of the call's own time that it waited for the database; null where that is unknown."""
    reasons: dict[str, str] = field(default_factory=dict)
    """Figure → why it is unknown."""


Key = tuple[str, str, str | None, str | None]


@dataclass
class _Calls:
    statements: int = 0
    seconds: list[float] = field(default_factory=list)
    working_s: float = 0.0

    def add(self, statements: int | None, waited_s: float | None, working_s: float) -> None:
        if statements is not None and waited_s is not None:
            self.statements += statements
            self.seconds.append(waited_s)
            self.working_s += working_s


class QueryTally:
    """Counts for ``trials`` while the steps pass by, since a run's traces are read once."""

    def __init__(self, trials: Sequence[Trial], database: Mapping[str, str]) -> None:
        self._trials = trials
        self._owners = {
            (trial.id, trial.attempt): (trial.scenario, trial.approach, trial.model)
            for trial in trials
            if trial.model is not None
        }
        self._database = database
        self._calls: dict[Key, _Calls] = {}

    def passing(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The same steps."""
        for step in steps:
            owner = self._owners.get((step.trial, step.attempt))
            if owner is not None:
                for tool in step.tools:
                    calls = self._of((*owner, tool.name))
                    calls.add(tool.queries, tool.query_s, tool.duration_s)
            yield step

    def rows(self) -> Iterator[Queries]:
        """What was counted: plain code first, then tools by name. None without an engine, as in
        older runs and imported ones."""
        for trial in self._trials:
            if trial.model is None and trial.cause is None:
                calls = self._of((trial.scenario, trial.approach, None, None))
                calls.add(trial.queries, trial.query_s, trial.working_s)
        if not self._database:
            return
        for key in sorted(self._calls, key=lambda key: [each or "" for each in key]):
            if self._calls[key].seconds:
                yield self._row(key, self._calls[key])

    def _of(self, key: Key) -> _Calls:
        return self._calls.setdefault(key, _Calls())

    def _row(self, key: Key, calls: _Calls) -> Queries:
        scenario, approach, model, tool = key
        p50, p95, p99 = (percentile(calls.seconds, q) for q in (0.5, 0.95, 0.99))
        reasons = {}
        for name, quantile, found in (("p95_s", 0.95, p95), ("p99_s", 0.99, p99)):
            if found is None:
                reasons[name] = f"fewer than {observations_needed(quantile)} calls"
        # The job's working time is a median of rounds, which its one counted pass may exceed.
        share = sum(calls.seconds) / calls.working_s if calls.working_s and tool else None
        if share is None:
            reasons["share"] = "its time is that of other rounds"
        return Queries(
            scenario,
            approach,
            model,
            tool,
            engine=self._database["engine"],
            version=self._database["version"],
            calls=len(calls.seconds),
            statements=calls.statements / len(calls.seconds),
            p50_s=p50,
            p95_s=p95,
            p99_s=p99,
            max_s=max(calls.seconds),
            share=share,
            reasons=reasons,
        )
