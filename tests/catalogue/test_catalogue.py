"""The catalogue of bad inputs and faults: each row ends as it says, and changes nothing."""

import re

import pytest
from tests.catalogue.catalogue import ROWS
from tests.catalogue.rows import Case
from tests.catalogue.world import everything
from tests.cli.project import Project

pytestmark = pytest.mark.integration

CASES = [pytest.param(one, id=f"{row.number}-{one.name}") for row in ROWS for one in row.cases]


@pytest.mark.parametrize("case", CASES)
def test_a_bad_input_or_fault_ends_as_the_catalogue_says(seeded: Project, case: Case) -> None:
    if not case.only_if():
        pytest.skip("this machine or user cannot make it")
    command = case.prepare(seeded)
    before = {} if case.changes else everything(seeded)
    outcome = seeded.cli("--json", *command, env=case.environment)
    told = outcome.stdout + outcome.stderr
    assert outcome.code == case.code, told
    assert "Traceback" not in told
    for word in case.words:
        assert word in told
    if '"error"' in outcome.stderr:
        assert outcome.error["message"].startswith("expected ")
        # What a parser says of a line of a file is itself what to do.
        assert outcome.error["hints"] or re.search(r"JSON|YAML|line \d", outcome.error["message"])
    if not case.changes:
        assert everything(seeded) == before
    case.after(seeded)
