"""JUnit XML as Jenkins and GitLab take it.

The elements, their order and attributes are those of Jenkins' junit-10.xsd (xunit plugin), by hand:
it cannot be validated against without a library for XML schemas.
"""

from xml.etree import ElementTree as ET

import pytest
from tests.unit.formats.reports import (
    HOSTILE,
    failing,
    hostile,
    inconclusive,
    make_check,
    make_verdict,
    passing,
)

from ft_registry.formats.verdict_junit import verdict_junit
from ft_registry.gates.report import Report

COUNTS = {"tests", "failures", "errors"}
REQUIRED = {
    "testsuites": set(),
    "testsuite": {"name", *COUNTS},
    "testcase": {"name"},
    "property": {"name", "value"},
}
ATTRIBUTES = {
    "testsuites": {"name", "time", *COUNTS},
    "testsuite": {"name", "time", "timestamp", "skipped", *COUNTS},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}


def parsed(report: Report) -> ET.Element:
    return ET.fromstring(verdict_junit(report).encode())


def became(report: Report) -> dict[str, str]:
    return {case.get("name"): case[0].tag for case in parsed(report).iter("testcase")}


@pytest.mark.parametrize(
    "report",
    [passing(), failing(), inconclusive(), *(hostile(text) for text in HOSTILE)],
    ids=[*"pfi", *map(ascii, HOSTILE)],
)
def test_the_document_has_the_shape_that_jenkins_asks_for(report: Report) -> None:
    root = parsed(report)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert REQUIRED.get(element.tag, set()) <= set(element.keys()) <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if element.get(name) is not None:
                assert int(element.get(name)) == len(list(element.iter(tag)))


def test_what_keeps_the_alias_is_red_and_what_does_not_count_is_skipped() -> None:
    assert became(failing()) == {
        "better": "failure", "safe": "error", "licence": "skipped", "approval": "system-out",
        "lineage": "skipped",
    }  # fmt: skip


def test_what_cannot_be_decided_is_not_shown_as_skipped() -> None:
    assert became(inconclusive()) == {"better": "error"}
    (error,) = parsed(inconclusive()).iter("error")
    assert "2,353 items" in error.text


def test_a_gate_that_asks_nothing_is_no_green_suite() -> None:
    assert became(Report(make_verdict(policy=None))) == {"policy": "failure"}


def test_two_checks_that_say_the_same_are_two_tests() -> None:
    twice = (make_check(outcome="fail"), make_check(outcome="fail", overridden=True))
    tags = [case[0].tag for case in parsed(Report(make_verdict(*twice))).iter("testcase")]
    assert tags == ["failure", "skipped"]


def test_a_test_keeps_its_name_from_version_to_version() -> None:
    (case, *_) = parsed(failing()).iter("testcase")
    assert case.get("classname") == "gate.support-dates.champion"


def test_the_failure_tells_all_of_it() -> None:
    (failure,) = parsed(failing()).iter("failure")
    for told in ("asked: ", "found: ", "newcombe", "language=de", "q17", "  after: 1961"):
        assert told in failure.text
