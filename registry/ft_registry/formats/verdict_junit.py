"""A report as JUnit XML, which GitLab, Jenkins and others show as tests.

A check that keeps the alias from moving is a *failure*, one that cannot be decided an *error*: CI
shows both in red, apart from each other, as the job itself is. It is not *skipped*: that is
shown beside what passed, though nothing was shown of the version. Skipped is what does not count:
a check that fails or is undecided beside another that is enough, or that a person set aside.
"""

import re
from xml.etree import ElementTree as ET

from ft_registry.formats.verdict_words import (
    comparison_words,
    cut,
    headline,
    number,
    override_words,
    plain,
    score_words,
    slices_of,
    standing,
    use_words,
    word,
)
from ft_registry.gates.report import Report, WorstItem
from ft_registry.model.verdict import CheckFinding, Verdict

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""
_NAME = 200
"""Characters of a name: GitLab keeps 255 of it together with the class."""


def verdict_junit(report: Report) -> str:
    """Returns the XML: a test suite, and in it a test case a check."""
    verdict = report.verdict
    blocking = standing(verdict)
    checks = tuple(verdict.result.checks())
    cases = [_case(check, report, is_blocking=_is_in(check, blocking)) for check in checks]
    if not checks:
        cases = [_nothing_asked(verdict)]
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    attributes = {name: str(count) for name, count in counts.items()}
    skipped = str(sum(case.find("skipped") is not None for case in cases))
    suite = ET.Element(
        "testsuite",
        {
            "name": _class(verdict), **attributes, "skipped": skipped, "time": "0",
            "timestamp": verdict.decided_at[:19],
        },
    )  # fmt: skip
    properties = ET.SubElement(suite, "properties")
    said = [("decision", word(verdict)), ("sentence", headline(verdict)), *use_words(verdict)]
    if verdict.overrides:
        said.append(("override", override_words(verdict)))
    for name, value in (*said, *(("note", note) for note in report.notes)):
        ET.SubElement(properties, "property", {"name": name, "value": _legal(plain(value))})
    suite.extend(cases)
    root = ET.Element("testsuites", {"name": "ft-registry gate", **attributes, "time": "0"})
    root.append(suite)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(check: CheckFinding, report: Report, *, is_blocking: bool) -> ET.Element:
    case = _test_case(check.name, report.verdict)
    lines = [f"asked: {plain(check.asked)}", f"found: {plain(check.found)}"]
    if check.score is not None:
        lines.append(f"score: {score_words(check.score)}")
    if check.comparison is not None:
        lines += [f"{label}: {text}" for label, text in comparison_words(check.comparison)]
        lines += [
            f"slice: {plain(one.slice)} (n={one.n:,}) {number(one.before)} -> {number(one.after)}"
            for one in slices_of(check.comparison)
        ]
    lines += [line for item in report.worst.get(check.name, ()) for line in _item(item)]
    body = _legal("\n".join(lines))
    if check.outcome == "pass":
        ET.SubElement(case, "system-out").text = body
        return case
    kind = ("failure" if check.outcome == "fail" else "error") if is_blocking else "skipped"
    aside = "set aside by a person; " if check.overridden else ""
    message = _legal(f"{check.outcome}: {aside}{plain(check.found)}")
    ET.SubElement(case, kind, {"type": check.outcome, "message": message}).text = body
    return case


def _nothing_asked(verdict: Verdict) -> ET.Element:
    """Returns a test that fails: a suite without any would be shown in green."""
    case = _test_case("policy", verdict)
    kind = "skipped" if verdict.passes else "failure"
    ET.SubElement(case, kind, {"type": "fail", "message": headline(verdict)})
    return case


def _test_case(name: str, verdict: Verdict) -> ET.Element:
    shown = _legal(plain(name))[:_NAME]
    return ET.Element("testcase", {"name": shown, "classname": _class(verdict), "time": "0"})


def _class(verdict: Verdict) -> str:
    """Returns the name under which the gate is found again in the next run, of any version."""
    return f"gate.{verdict.model}.{verdict.alias}"


def _item(item: WorstItem) -> list[str]:
    texts = [f"  {name}: {cut(text)}" for name, text in item.texts.items()]
    return [f"worse: {plain(item.id)} {number(item.before)} -> {number(item.after)}", *texts]


def _is_in(check: CheckFinding, checks: tuple[CheckFinding, ...]) -> bool:
    # Not by value: two checks of a rule may be equal in all that they say.
    return any(check is other for other in checks)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", text)
