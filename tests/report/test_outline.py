from __future__ import annotations

from dataclasses import replace

from bench.analysis.rows import Summary
from bench.report.outline import Folded, outline


def unmeasured(summary: Summary, *names: str) -> Folded | None:
    """What stands under "By stratum" of the first scenario if ``names`` had no case."""
    first = replace(summary.scenarios[0], unmeasured=names)
    sections = outline(replace(summary, scenarios=(first,)), [])[0].sections
    return next(each for each in sections if each.title == "By stratum").folded


def test_what_has_no_weight_in_the_mix_is_not_left_out_of_it(summary: Summary) -> None:
    first = summary.scenarios[0]
    weightless = replace(first.strata[0], name="hostile", weight=0.0)
    grown = replace(summary, scenarios=(replace(first, strata=(*first.strata, weightless)),))
    assert unmeasured(grown, "hostile") is None
    one = first.strata[1]
    found = unmeasured(grown, "hostile", one.name)
    assert found is not None
    assert found.sentence.startswith("Unmeasured in this run: 1 of 7 strata, ")
    assert one.name in found.text
    assert "hostile" not in found.text
