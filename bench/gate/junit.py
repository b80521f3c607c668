"""A comparison as JUnit XML, which every CI can show: a test suite a comparison, a test a metric.

The attributes follow the schema that Jenkins and GitLab read. A regression is a failure; what could
not be decided is skipped, so that it is neither green nor red.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bench.gate.result import Comparison, Gate, Metric, Verdict
from bench.gate.sentences import HEADLINES, TITLES, change, interval, least, p_value, title

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
UNDECIDED = {Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE}


def render(gate: Gate) -> str:
    """The whole comparison as one XML document."""
    root = Element("testsuites", name="bench compare")
    for comparison in gate.comparisons:
        _suite(root, comparison)
    for count in ("tests", "failures", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, comparison: Comparison) -> None:
    suite = SubElement(root, "testsuite", name=_text(title(comparison)))
    gated = [each for each in comparison.metrics if each.gated and each.verdict is not None]
    decided = comparison.verdict is not Verdict.NOT_COMPARABLE and gated
    for metric in gated if decided else ():
        assert metric.verdict is not None
        _case(suite, comparison, TITLES[metric.name], metric.verdict, _told(metric))
    if not decided:
        _case(suite, comparison, "comparable", comparison.verdict, comparison.sentence)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", "0")
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _case(suite: Element, comparison: Comparison, name: str, verdict: Verdict, told: str) -> None:
    where = f"{comparison.scenario}.{comparison.approach}.{comparison.model or '-'}"
    case = SubElement(suite, "testcase", classname=_text(where), name=name)
    if verdict is Verdict.REGRESSION:
        failure = SubElement(case, "failure", type="regression", message=_text(told))
        failure.text = _text(comparison.sentence)
    elif verdict in UNDECIDED:
        SubElement(case, "skipped", message=_text(f"{HEADLINES[verdict]}: {told}"))
    else:
        SubElement(case, "system-out").text = _text(f"{HEADLINES[verdict]}: {told}")


def _told(metric: Metric) -> str:
    parts = [change(metric), f"interval {interval(metric)}", f"matters from {least(metric)}"]
    if metric.p_adjusted is not None:
        parts.append(f"p {p_value(metric.p_adjusted)}")
    if metric.reason:
        parts.append(metric.reason)
    return ", ".join(parts)


def _text(text: str) -> str:
    """Without characters that XML 1.0 cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
