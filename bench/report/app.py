"""What the HTML report's script works on: rates for the sliders, trials for the table, transcripts.

Each part is JSON, gzipped and in base64, so that it can neither break out of its element nor make
the file large; the script unpacks it when its tab is opened.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from itertools import islice
from typing import Any

from bench.analysis.assumptions import Assumptions
from bench.analysis.decision_map import CHANGES, DECIDED, VOLUMES
from bench.analysis.failures import CAUSES
from bench.analysis.figures import BASELINES
from bench.analysis.rates import Candidate
from bench.report.recommendation import BREAK_EVEN
from bench.report.transcripts import Transcript
from bench.types import Trial

INLINE = 2_000
"""Trials up to which the transcripts are part of the file; beyond, they lie beside it."""
CHUNK = 250
"""Transcripts in one file beside it."""
FOLDER = "report-transcripts"


@dataclass(frozen=True)
class AppData:
    """Packed parts of the page, and what lies beside it."""

    economics: str
    trials: str
    transcripts: str
    """Empty if they lie beside the page."""
    files: dict[str, str]
    """Name → script, below ``report-transcripts/``."""


def pack(value: Any) -> str:
    """JSON, gzipped (the same bytes for the same value), in base64."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    raw = text.encode("utf-8", "backslashreplace")
    return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode()


def in_table_order(trials: Iterable[Trial]) -> list[Trial]:
    """The yardsticks come last."""
    return sorted(trials, key=lambda trial: trial.approach in BASELINES)


def app_data(
    candidates: Mapping[str, Sequence[Candidate]],
    assumptions: Assumptions,
    trials: Sequence[Trial],
    transcripts: Iterator[Transcript],
) -> AppData:
    """Everything for a page. ``transcripts``: of all ``trials``, in the order of the table; no more
    than one file's are held at once."""
    inline = len(trials) <= INLINE
    chunks = () if inline else range(-(-len(trials) // CHUNK))
    return AppData(
        economics=pack(economics(candidates, assumptions)),
        trials=pack(
            {
                "rows": [trial_row(trial, number) for number, trial in enumerate(trials)],
                "chunk": 0 if inline else CHUNK,
                "folder": FOLDER,
            }
        ),
        transcripts=pack(transcript_table(transcripts)) if inline else "",
        files={
            f"{number}.js": f'benchTranscripts({number},"'
            f'{pack(transcript_table(islice(transcripts, CHUNK)))}");\n'
            for number in chunks
        },
    )


def economics(
    candidates: Mapping[str, Sequence[Candidate]], assumptions: Assumptions
) -> dict[str, Any]:
    """Rates and draws by scenario, hours by candidate, and the grid of the map."""
    return {
        "assumptions": asdict(assumptions),
        "growth": assumptions.growth,
        "volumes": VOLUMES,
        "changes": CHANGES,
        "decided": DECIDED,
        "words": BREAK_EVEN,
        "scenarios": {
            name: [
                {
                    "name": each.name,
                    "approach": each.approach,
                    "hours": assumptions.hours_a_change(each.approach, each.model),
                    "build": assumptions.build_hours(each.approach, each.model),
                    "rates": astuple(each.rates),
                    "draws": [astuple(rates) for rates in each.draws],
                }
                for each in found
            ]
            for name, found in candidates.items()
            if found
        },
    }


def trial_row(trial: Trial, number: int) -> list[Any]:
    """One trial as the table needs it; ``app.js`` names the columns in this order."""
    paid = trial.dollars.compute if trial.provenance.dollars == "assumed" else trial.dollars.api
    return [
        number,
        trial.scenario,
        trial.approach,
        trial.model or "",
        trial.stratum,
        trial.case,
        trial.repeat,
        "infrastructure" if trial.cause == "infrastructure" else trial.status,
        CAUSES.get(trial.cause, str(trial.cause)) if trial.cause else "",
        trial.steps,
        trial.usage.total,
        paid,
        _seconds(trial),
        [
            [record.record, record.status, record.decision, "; ".join(record.reasons)]
            for record in trial.verdict.records
        ],
    ]


def _seconds(trial: Trial) -> float | None:
    """Working seconds; None where no time was measured."""
    if trial.timing is not None:
        return trial.timing.median_s
    return trial.working_s if trial.provenance.time == "measured" else None


def transcript_table(transcripts: Iterable[Transcript]) -> dict[str, Any]:
    """Transcripts with every text once: prompts and policies recur in each."""
    texts: dict[str, int] = {}

    def place(text: str) -> int:
        return texts.setdefault(text, len(texts))

    told = [
        [
            [[place(what), place(value)] for what, value in each.facts],
            [place(line) for line in each.verdict],
            list(_blocks(each, place)),
        ]
        for each in transcripts
    ]
    return {"texts": list(texts), "trials": told}


def _blocks(transcript: Transcript, place: Any) -> Iterator[list[int]]:
    for block in transcript.blocks:
        words = (block.role, block.title, block.text, block.small)
        yield [*(place(word) for word in words), int(block.bad)]
