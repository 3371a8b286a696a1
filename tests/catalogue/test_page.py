"""docs/reliability.md tells what the catalogue and the promises say; what they cite is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.catalogue.catalogue import PARTS, ROWS
from tests.catalogue.page import catalogue_tables, promises_table
from tests.catalogue.promises import PROMISES
from tests.cli.project import environment

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
TABLES = {"promises": promises_table(PROMISES), "catalogue": catalogue_tables(PARTS)}


@pytest.mark.parametrize("name", TABLES)
def test_the_page_shows_the_tables_as_they_are(name: str) -> None:
    block = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->\n)", re.DOTALL)
    page = PAGE.read_text(encoding="utf-8")
    fresh = block.sub(lambda found: f"{found[1]}{TABLES[name]}{found[2]}", page)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(fresh, encoding="utf-8")
    assert block.search(page)
    assert PAGE.read_text(encoding="utf-8") == fresh


def test_every_row_is_there_once_and_somebody_holds_it() -> None:
    assert [row.number for row in ROWS] == list(range(1, 109))
    assert [row.number for row in ROWS if bool(row.lacks) == bool(row.cases or row.tests)] == []


@pytest.mark.integration
def test_the_tests_that_are_cited_exist() -> None:
    cited = {test for holder in (*ROWS, *PROMISES) for test in holder.tests}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider",
         *sorted(f"tests/{test}" for test in cited)],
        cwd=ROOT, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, re.findall(r"^ERROR: .*", done.stdout + done.stderr, re.M)
