"""The hand-computed cases beside our dollars and litellm's, as a page.

``python -m tests.metering.price_table`` writes docs/prices-by-hand.md anew; a test holds the page
against what is computed now.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.metering.prices import cost, price, price_table
from bench.metering.usage import read_usage
from bench.models.litellm import LitellmModel
from tests.metering.price_cases import CASES, PriceCase

PAGE = Path(__file__).parents[2] / "docs" / "prices-by-hand.md"
TOLERANCE = 1e-9
"""US dollars."""
LIVE = [case for case in CASES if not case.batch]
BATCH = [case for case in CASES if case.batch]
EXPLAINED: dict[str, str] = {
    "anthropic/claude-opus-4-8 10*2.5 + 50*5 + 9*12.5": (
        "litellm's calculator for batches knows one price of cache writes, that for 5 minutes; "
        "these were kept for an hour"
    ),
    "xai/grok-4.3 200001*2 + 10*4": (
        "xAI counts reasoning beside the completion; litellm adds it on live calls and leaves it "
        "out of batches"
    ),
}
"""Model and sum of a case on which litellm disagrees → why. It disagrees on no live one."""


def rows(theirs: Sequence[float | None]) -> Iterator[tuple[PriceCase, float | None, float | None]]:
    """(case, ours, litellm's), of the live cases in the order of ``theirs``, then batch ones."""
    batches = [batch_dollars(case) for case in BATCH]
    for case, their in [*zip(LIVE, theirs, strict=True), *zip(BATCH, batches, strict=True)]:
        usage = read_usage(case.raw)
        assert usage is not None
        ours, _cold = cost(usage, price(case.model, batch=case.batch))
        yield case, ours, their


def batch_dollars(case: PriceCase) -> float:
    """litellm's figure of a batch case: by what it prices a finished batch's lines with, from the
    usage as its own path for the provider reads it."""
    provider = case.model.partition("/")[0]
    LitellmModel(case.model, base_url="http://127.0.0.1:9", api_key="k")  # litellm, kept offline
    from litellm.cost_calculator import batch_cost_calculator
    from litellm.llms.anthropic.chat.transformation import AnthropicConfig
    from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import VertexGeminiConfig
    from litellm.types.utils import Usage

    if provider == "anthropic":
        usage = AnthropicConfig().calculate_usage(dict(case.raw), reasoning_content=None)
    elif provider == "gemini":
        answer: Any = {"usageMetadata": dict(case.raw)}
        usage = VertexGeminiConfig._calculate_usage(answer)
    else:
        usage = Usage(**case.raw)
    return sum(batch_cost_calculator(usage, case.model, provider))


def page(theirs: Sequence[float | None]) -> str:
    """The page, given litellm's figures of the live cases."""
    found = list(rows(theirs))
    apart = [
        case
        for case, ours, their in found
        if ours is not None and their is not None and abs(ours - their) > TOLERANCE
    ]
    batch = sum(case.batch for case in apart)
    wrong = [c for c, ours, _ in found if ours is None or abs(ours - float(c.usd)) > TOLERANCE]
    table = price_table()
    lines = [
        "# Dollars by hand",
        "",
        f"{len(found)} calls in five providers' formats, each priced by hand from the providers' "
        "price lists, by the ledger from the provider's usage object, and by litellm "
        f"{table.version}, which is reached over HTTP on its own path for the provider. Written by "
        "`python -m tests.metering.price_table`; the cases stand in "
        "[price_cases.py](../tests/metering/price_cases.py).",
        "",
        f"Ours differs from the hand-computed figure by more than a billionth of a dollar on "
        f"{len(wrong)} of {len(found)}; litellm's on {len(apart) - batch} of {len(theirs)} live "
        f"ones and {batch} of {len(BATCH)} batch ones, for the reasons beside them. No batch is "
        "sent: its cases are put to the function with which litellm prices the lines of a finished "
        "batch "
        "(`litellm.cost_calculator.batch_cost_calculator`).",
        "",
        "| model | tokens × dollars a million tokens | by hand | ours | litellm | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for case, ours, their in found:
        why = EXPLAINED.get(f"{case.model} {case.sum}", "") if case in apart else ""
        note = ": ".join(filter(None, ("batch" if case.batch else "", why)))
        sums = " + ".join(p.strip().replace("*", " × ") for p in case.sum.split("+"))
        lines.append(
            f"| {case.model} | {sums} | {float(case.usd):.9f} | {_usd(ours)} | {_usd(their)} | "
            f"{note} |"
        )
    return "\n".join(lines) + "\n"


def _usd(value: float | None) -> str:
    return "—" if value is None else f"{value:.9f}"


def litellms() -> list[float | None]:
    """litellm's figure of each live case, over HTTP on loopback."""
    from tests.metering.test_price_cases import through_litellm

    with tempfile.TemporaryDirectory() as folder:
        return [theirs for _ours, theirs in through_litellm(LIVE, Path(folder))]


if __name__ == "__main__":
    text = page(litellms())
    PAGE.write_text(text, "utf-8")
    print(text)
