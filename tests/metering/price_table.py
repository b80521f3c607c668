"""The hand-computed cases beside our dollars and litellm's, as a page.

``python -m tests.metering.price_table`` writes docs/prices-by-hand.md anew; a test holds the page
against what is computed now.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.metering.prices import cost, price, price_table
from bench.metering.usage import read_usage
from tests.metering.price_cases import CASES, PriceCase

PAGE = Path(__file__).parents[2] / "docs" / "prices-by-hand.md"
TOLERANCE = 1e-9
"""US dollars."""
EXPLAINED: dict[str, str] = {}
"""Model and sum of a live case on which litellm disagrees → why. Empty: it disagrees on none."""


def rows(theirs: Sequence[float | None]) -> Iterator[tuple[PriceCase, float | None, float | None]]:
    """(case, ours, litellm's), of the live cases in the order of ``theirs``, then batch ones."""
    live = [case for case in CASES if not case.batch]
    batch = [case for case in CASES if case.batch]
    for case, their in [*zip(live, theirs, strict=True), *((case, None) for case in batch)]:
        usage = read_usage(case.raw)
        assert usage is not None
        ours, _cold = cost(usage, price(case.model, batch=case.batch))
        yield case, ours, their


def page(theirs: Sequence[float | None]) -> str:
    """The page, given litellm's figures of the live cases."""
    found = list(rows(theirs))
    apart = [
        (case, their)
        for case, ours, their in found
        if ours is not None and their is not None and abs(ours - their) > TOLERANCE
    ]
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
        f"{len(wrong)} of {len(found)}; litellm's on {len(apart)} of {len(theirs)} live ones. The "
        f"{len(found) - len(theirs)} batch cases are not put to litellm: batch calls take another "
        "way through it, which this program does not use.",
        "",
        "| model | tokens × dollars a million tokens | by hand | ours | litellm | |",
        "| --- | --- | ---: | ---: | ---: | --- |",
    ]
    for case, ours, their in found:
        note = "batch" if case.batch else EXPLAINED.get(f"{case.model} {case.sum}", "")
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
    from tests.metering.test_price_cases import LIVE, through_litellm

    with tempfile.TemporaryDirectory() as folder:
        return [theirs for _ours, theirs in through_litellm(LIVE, Path(folder))]


if __name__ == "__main__":
    text = page(litellms())
    PAGE.write_text(text, "utf-8")
    print(text)
