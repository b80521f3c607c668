"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Temperature = Annotated[float, typer.Option("--temperature", min=0.0, max=2.0)]
MaxTrialSeconds = Annotated[
    float | None,
    typer.Option("--max-trial-seconds", min=0.1, help="Seconds after which a trial is stopped."),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Address of an OpenAI-compatible endpoint.")
]
Prices = Annotated[
    Path | None, typer.Option("--prices", help="Your own prices, a TOML file: docs/dollars.md.")
]
AllowUnpriced = Annotated[
    bool, typer.Option("--allow-unpriced", help="Run a hosted model without a known price.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking first.")]
GateConfig = Annotated[
    Path | None, typer.Option("--config", help="Your own gate.toml: docs/comparing-runs.md.")
]
BaselineName = Annotated[
    str | None,
    typer.Option("--baseline", help="A blessed run as the base: its name ('bench bless')."),
]
StepSummary = Annotated[
    Path | None,
    typer.Option(
        "--step-summary",
        envvar="GITHUB_STEP_SUMMARY",
        help="Append the Markdown to this file.",
    ),
]
InconclusiveOk = Annotated[
    bool, typer.Option("--inconclusive-ok", help="End with 0 where nothing could be decided.")
]
