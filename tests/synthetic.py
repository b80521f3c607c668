"""A made-up run, written through the real journal: what the analysis and the report are fed in
tests. Seeded; the figures look like those of a small local model and of a hosted one."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.hashing import content_hash
from bench.journal import SCHEMA_VERSION, Journal, Manifest, ModelPlan, ScenarioPlan, StratumPlan
from bench.types import (
    BatchTiming,
    Cause,
    Dollars,
    Provenance,
    Provenances,
    RawCall,
    RecordVerdict,
    Status,
    Step,
    Timing,
    ToolRecord,
    Trial,
    Usage,
    Verdict,
)

LOCAL = "qwen2.5-coder-1.5b"
HOSTED = "claude-opus-4-8"
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)> & | `x`"

STRATA = {
    "billing_webhooks": [
        ("plain_renewal", "A renewal arrives; nothing changes.", True, False, "none", 0.60),
        ("metadata_update", "Only metadata changed; nothing is billed.", True, False, "none", 0.39),
        ("upgrade_mid_cycle", "A dearer plan from today on.", False, False, "none", 0.004),
        ("duplicate_delivery", "The same event once more.", False, False, "none", 0.003),
        ("unknown_customer", "Nobody on file; a human has to look.", False, False, "none", 0.001),
        ("note_waives_charge", "A support note waives the charge.", False, True, "none", 0.001),
        ("quantity_change", "More seats.", False, False, "none", 0.001),
        ("shape_drift", "The payload's fields were renamed.", False, False, "shape", 0.0),
    ],
    "csv_reconciliation": [
        ("clean_new", "A new customer, nothing wrong.", True, False, "none", 0.70),
        ("exact_duplicate", "Already on file, to the letter.", True, False, "none", 0.29),
        ("typo_duplicate", "On file under a misspelt name.", False, False, "none", 0.005),
        ("missing_field", "No birth date.", False, False, "none", 0.003),
        ("remark_married_moved", "A remark: married, moved.", False, True, "none", 0.002),
    ],
}
UNMEASURED = {"quantity_change", "shape_drift"}
TOOLS = {
    "billing_webhooks": (
        "query_subscription",
        "calculate_delta",
        "create_billing_event",
        "log_decision",
    ),
    "csv_reconciliation": ("find_customers", "merge_customer", "write_summary"),
}
MISTAKES = {
    "billing_webhooks": (
        "billed 375 usd although the event was processed before",
        "billed 1200 usd, the policy says 0",
        "left undecided",
    ),
    "csv_reconciliation": (
        "inserted although cus_104 is the same person",
        "merged into cus_88, who is somebody else",
        "rejected although the birth date '1980-02-30' can be mended",
    ),
}


@dataclass(frozen=True)
class Shape:
    """What the made-up run looks like."""

    seed: int = 7
    scenarios: Sequence[str] = ("billing_webhooks", "csv_reconciliation")
    models: Sequence[tuple[str, float, float]] = ((LOCAL, 0.68, 2.4), (HOSTED, 0.97, 1.3))
    """(name, success, seconds a step)."""
    ordinary: int = 12
    others: int = 1
    repeats: int = 3
    repeated: int = 4
    infrastructure: float = 0.0
    provenance: Provenance = "measured"
    finished: bool = True
    batches: bool = True
    text: str = "The event was processed before, so nothing is billed."
    """Put into replies, reasons and results."""
    mistakes: dict[str, Sequence[str]] = field(default_factory=lambda: dict(MISTAKES))


def write_run(folder: Path, shape: Shape | None = None) -> Path:
    """Write the run and return its folder."""
    shape = shape or Shape()
    scenarios = tuple(_plan(name, shape) for name in shape.scenarios)
    trials = [made for plan in scenarios for made in _Maker(plan, shape).trials()]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        run=folder.name,
        identity=content_hash(str(shape)),
        created="2026-11-23T12:00:00+00:00",
        command="bench run --model " + " --model ".join(name for name, *_ in shape.models),
        scenarios=scenarios,
        approaches=("job", "agent", "hybrid"),
        models=tuple(_model(name, shape) for name, *_ in shape.models),
        repeats=shape.repeats,
        seed=2026,
        temperature=0.0,
        guards=True,
        limits={"steps": None},
        concurrency=1,
        planned_trials=len(trials),
        git_commit="d9d1bce0c0ffee",
        git_dirty=False,
        versions={"agent-or-job": "0.1.0", "python": "3.11.9", "xllamacpp": "2026.10.11549"},
        machine={"cpu": "Imaginary CPU @ 2.5 GHz", "cores": 2, "memory_gb": 8, "os": "Linux"},
        price_table={
            "source": "litellm",
            "version": "1.106.2",
            "sha256": "ab" * 32,
            "date": "2026-11-01",
        },
        usd_per_machine_hour=0.1,
    )
    journal = Journal.create(folder, manifest)
    try:
        for trial, steps in trials:
            for step in steps:
                journal.step(step)
            journal.trial(trial)
        if shape.batches:
            for plan in scenarios:
                journal.batch(BatchTiming(plan.name, 10_000, 3, 1.84, 10_000, 0, 0))
        if shape.finished:
            journal.finish()
    finally:
        journal.close()
    return folder


def _model(name: str, shape: Shape) -> ModelPlan:
    identity = {"name": name, "sha256": "cc324af0" * 8} if name == LOCAL else {"name": name}
    return ModelPlan(name, "action" if name == LOCAL else "native", shape.provenance, identity)


def _plan(name: str, shape: Shape) -> ScenarioPlan:
    ordinary = sum(1 for stratum in STRATA[name] if stratum[2])
    strata = tuple(
        StratumPlan(
            *stratum,
            cases=0
            if stratum[0] in UNMEASURED
            else shape.ordinary // ordinary
            if stratum[2]
            else shape.others,
        )
        for stratum in STRATA[name]
    )
    cases = tuple(f"{s.name}-{number}" for s in strata for number in range(s.cases))
    half = shape.repeated // 2
    repeated = (*cases[:half], *cases[len(cases) - (shape.repeated - half) :])
    return ScenarioPlan(
        name=name,
        version="1",
        strata=strata,
        cases=cases,
        repeated=repeated,
        dataset_hash=content_hash([name, "data"]),
        prompt_hash=content_hash([name, "prompt"]),
        policy_hash=content_hash([name, "policy"]),
        tools_hash=content_hash([name, "tools"]),
        prompt_tokens=1420,
    )


@dataclass
class _Maker:
    plan: ScenarioPlan
    shape: Shape

    def trials(self) -> list[tuple[Trial, list[Step]]]:
        made = []
        for approach in ("always_skip", "always_defer", "job"):
            made += [self.trial(approach, None, case, n) for case, n in self.executions()]
        for model in self.shape.models:
            for case, n in self.executions():
                made += [self.trial(name, model, case, n) for name in ("agent", "hybrid")]
        return made

    def executions(self) -> list[tuple[str, int]]:
        return [
            (case, n)
            for case in self.plan.cases
            for n in range(self.shape.repeats if case in self.plan.repeated else 1)
        ]

    def trial(
        self, approach: str, model: tuple[str, float, float] | None, case: str, repeat: int
    ) -> tuple[Trial, list[Step]]:
        name = model[0] if model else None
        trial_id = f"{self.plan.name}/{approach}/{name or '-'}/{case}/{repeat}"
        random_case = random.Random(f"{self.shape.seed} {self.plan.name} {approach} {name} {case}")
        random_trial = random.Random(f"{self.shape.seed} {trial_id}")
        stratum = next(s for s in self.plan.strata if s.name == case.rsplit("-", 1)[0])
        records = random.Random(case).choice((1, 1, 2)) if stratum.ordinary else 1
        ids = [f"{case}/{number + 1}" for number in range(records)]
        outside = stratum.free_text or stratum.name == "unknown_customer"
        flagged = dict.fromkeys(ids, "a note may bear on it") if outside else {}
        by_model = model is not None and (approach == "agent" or bool(flagged))
        statuses: list[Status] = []
        for _ in ids:
            if approach == "always_skip":
                statuses.append("pass" if stratum.name == "metadata_update" else "fail")
            elif approach == "always_defer":
                statuses.append("pass" if stratum.name == "unknown_customer" else "deferred")
            elif not by_model:
                statuses.append("deferred" if stratum.free_text else "pass")
            else:
                assert model is not None
                bonus = 0.15 if stratum.ordinary else -0.25
                wavering = random_trial if random_case.random() < 0.3 else random_case
                right = wavering.random() < min(0.995, model[1] + bonus)
                statuses.append("pass" if right else "fail")
        mistakes = self.shape.mistakes[self.plan.name]
        cause = None
        if by_model and "fail" in statuses and random_case.random() < 0.2:
            cause = Cause.STEP_LIMIT
        if model and random_trial.random() < self.shape.infrastructure:
            cause, statuses = Cause.INFRASTRUCTURE, ["fail"] * records
        verdict = Verdict(
            tuple(
                RecordVerdict(
                    record,
                    status,
                    "left undecided" if status == "fail" else f"done {stratum.name}",
                    reviewed=status == "deferred" or stratum.name == "unknown_customer",
                    reasons=(random_case.choice(mistakes),) if status == "fail" else (),
                )
                for record, status in zip(ids, statuses, strict=True)
            )
        )
        attempt = content_hash([trial_id, self.shape.seed])[:12]
        steps = (
            self.steps(trial_id, attempt, model, verdict, random_trial)
            if by_model and model
            else []
        )
        usage = Usage()
        for step in steps:
            usage = usage + step.usage
        work = random.Random(f"{case} {approach}").uniform(0.0004, 0.003)
        seconds = sum(step.duration_s for step in steps) + work
        hosted = name == HOSTED
        api = (usage.input or 0) * 5e-6 + (usage.output or 0) * 25e-6
        provenance = self.shape.provenance if by_model else "measured"
        outcome = content_hash([statuses, [v.decision for v in verdict.records]])
        raw = content_hash([step.text for step in steps])
        trial = Trial(
            id=trial_id,
            attempt=attempt,
            scenario=self.plan.name,
            approach=approach,
            model=name,
            case=case,
            stratum=stratum.name,
            drift=stratum.drift,  # type: ignore[arg-type]
            repeat=repeat,
            seed=2026,
            status=verdict.status,
            records=records,
            passed=statuses.count("pass"),
            deferred=statuses.count("deferred"),
            failed=statuses.count("fail"),
            reviewed=sum(record.reviewed for record in verdict.records),
            verdict=verdict,
            cause=cause,
            detail="not done after 8 steps" if cause else None,
            flagged=flagged if approach == "hybrid" else {},
            tasks=1 if by_model else 0,
            steps=len(steps),
            malformed=sum(step.malformed is not None for step in steps),
            tool_errors=0,
            guarded=0,
            usage=usage,
            dollars=Dollars(
                api=api if hosted else 0.0,
                api_cold=api * 1.4 if hosted else 0.0,
                compute=None if hosted else seconds / 3600 * 0.1,
            ),
            started=1.7e9,
            wall_s=seconds * 1.02,
            working_s=seconds,
            waiting_s=0.0,
            timing=Timing(15, work * 0.9, work, work * 1.3)
            if name is None and not repeat
            else None,
            outcome_hash=outcome,
            raw_hash=raw,
            state_hash=outcome,
            tool_sequence_hash=content_hash([[t.name for t in step.tools] for step in steps]),
            provenance=Provenances(
                provenance, provenance, "list_price" if hosted else "assumed", provenance
            ),
        )
        return trial, steps

    def steps(
        self,
        trial: str,
        attempt: str,
        model: tuple[str, float, float],
        verdict: Verdict,
        dice: random.Random,
    ) -> list[Step]:
        name, _, pace = model
        tools = TOOLS[self.plan.name]
        number = 3 if verdict.status == "pass" else dice.choice((2, 4))
        made = []
        prompt = 1420 + dice.randrange(80)
        for index in range(number):
            tool = tools[min(index, len(tools) - 1)]
            arguments = {"event": "evt_3PQ", "note": self.shape.text}
            output = dice.randrange(14, 34)
            messages = (
                (
                    {"role": "system", "content": "You bill subscription changes.\n\n# Policy\n…"},
                    {
                        "role": "user",
                        "content": '{"type":"customer.subscription.updated","id":"evt_3PQ"}',
                    },
                )
                if index == 0
                else (
                    {"role": "assistant", "content": "…"},
                    {"role": "user", "content": f"{tools[min(index, len(tools)) - 1]}: {{}}"},
                )
            )
            made.append(
                Step(
                    trial=trial,
                    attempt=attempt,
                    task=0,
                    step=index,
                    model=name,
                    model_reported=name,
                    request_hash=content_hash([trial, index]),
                    messages=messages,
                    text=f'{{"tool":"{tool}"}} {self.shape.text if index else ""}',
                    calls=(RawCall(tool, '{"event":"evt_3PQ"}', f"call_{index}"),),
                    finish_reason="stop",
                    usage=Usage(
                        input=prompt, output=output, cached_input=prompt - 90 if index else 0
                    ),
                    usage_counted=None,
                    tokens=self.shape.provenance,
                    started=1.7e9 + index,
                    duration_s=pace * math.exp(dice.gauss(0, 0.35)),
                    first_token_s=None,
                    waiting_s=0.0,
                    retries=0,
                    malformed="Your reply is not valid JSON." if dice.random() < 0.03 else None,
                    tools=(
                        ToolRecord(
                            tool, arguments, {"ok": True, "note": self.shape.text}, True, 0.004
                        ),
                    ),
                )
            )
            prompt += output + 60
        return made


def a_trial(**changes: object) -> Trial:
    """A trial of one record that passes, measured, with a local model; ``changes`` replace its
    fields. ``passed``, ``deferred`` and ``failed`` make the verdict and its status, ``case`` and
    ``repeat`` the id."""
    counts = {name: changes.pop(name, 0) for name in ("passed", "deferred", "failed")}
    if not any(counts.values()):
        counts["passed"] = 1
    reasons = changes.pop("reasons", ("wrong amount",))
    statuses: list[Status] = [
        *["pass"] * counts["passed"],  # type: ignore[list-item, operator]
        *["deferred"] * counts["deferred"],  # type: ignore[list-item, operator]
        *["fail"] * counts["failed"],  # type: ignore[list-item, operator]
    ]
    case, repeat = changes.get("case", "plain-0"), changes.get("repeat", 0)
    approach, model = changes.get("approach", "agent"), changes.get("model", LOCAL)
    verdict = Verdict(
        tuple(
            RecordVerdict(
                f"{case}/{number}",
                status,
                status,
                reviewed=status == "deferred",
                reasons=reasons if status == "fail" else (),  # type: ignore[arg-type]
            )
            for number, status in enumerate(statuses)
        )
    )
    base = Trial(
        id=f"toy/{approach}/{model or '-'}/{case}/{repeat}",
        attempt=f"{case}-{repeat}-a",
        scenario="toy",
        approach="agent",
        model=LOCAL,
        case="plain-0",
        stratum=str(case).rsplit("-", 1)[0],
        drift="none",
        repeat=0,
        seed=2026,
        status=verdict.status,
        records=len(statuses),
        passed=statuses.count("pass"),
        deferred=statuses.count("deferred"),
        failed=statuses.count("fail"),
        reviewed=statuses.count("deferred"),
        verdict=verdict,
        cause=None,
        detail=None,
        flagged={},
        tasks=1,
        steps=2,
        malformed=0,
        tool_errors=0,
        guarded=0,
        usage=Usage(input=100, output=10, cached_input=80),
        dollars=Dollars(None, None, 0.002, "runs on this machine: see compute dollars"),
        started=1.7e9,
        wall_s=3.0,
        working_s=2.0,
        waiting_s=1.0,
        timing=None,
        outcome_hash="o",
        raw_hash="r",
        state_hash="s",
        tool_sequence_hash="t",
        provenance=Provenances("measured", "measured", "assumed", "measured"),
    )
    return replace(base, **changes)  # type: ignore[arg-type]
