"""A site of the registry: complete, whole or not at all, and nobody else's files."""

import json
import re
from pathlib import Path

import pytest
from tests.cli.project import Project, run_cli, tree_digests
from tests.pages.test_lineage_page import Tags

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(seeded_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("site") / "public"
    done = run_cli("report", "--into", into, cwd=seeded_template)
    assert done.code == 0, done.stderr
    assert done.stdout.startswith(f"{into}/index.html  ")
    return into


def test_it_has_a_page_for_each_model_and_version(site: Path) -> None:
    own = ("index.html", "lineage.html", "record.json")
    assert {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()} == {
        ".ft-registry-site.json", "index.html", "models/m/index.html",
        *(f"models/m/{number}/{file}" for number in (1, 2) for file in own),
    }  # fmt: skip


def test_every_link_leads_to_a_page_of_it(site: Path) -> None:
    followed = 0
    for page in site.rglob("*.html"):
        for tag, attributes in Tags(page.read_text()).found:
            assert "src" not in attributes, tag
            if href := attributes.get("href"):
                assert (page.parent / href).resolve().is_file(), f"{page} leads to {href}"
                followed += 1
    assert followed > 10


def test_the_record_is_the_one_on_record(site: Path, seeded_template: Path) -> None:
    record = Project(seeded_template).workspace().show("m/1").filed
    assert (site / "models/m/1/record.json").read_bytes() == record.content


def test_pages_tell_moves_scores_and_notes(site: Path) -> None:
    model = (site / "models/m/index.html").read_text()
    assert re.search(r"@champion</td><td>promote</td>.*it is better", model)
    assert "0.5000" in model
    assert "the first" in (site / "models/m/1/index.html").read_text()


def test_an_older_site_is_replaced_whole(shelf: Project, tmp_path: Path) -> None:
    into = tmp_path / "public"
    shelf.done("report", "--into", into)
    (into / "index.html").write_text("old")
    before = tree_digests(into)
    told = shelf.done("report", "--into", into, "m")
    assert told["versions"] == 2
    assert told["files"] == len(before) - 4  # less the folders
    assert (into / "index.html").read_text() != "old"
    assert [path.name for path in tmp_path.iterdir()] == ["public"]


def test_files_of_somebody_else_are_never_replaced(shelf: Project, tmp_path: Path) -> None:
    into = tmp_path / "public"
    into.mkdir()
    (into / "mine.txt").write_text("mine")
    refused = shelf.cli("report", "--into", into)
    assert refused.code == 2
    assert "found mine.txt in it" in refused.stderr
    (into / "mine.txt").unlink()
    shelf.done("report", "--into", into)
    (into / "mine.txt").write_text("mine")
    before = tree_digests(into)
    refused = shelf.cli("report", "--into", into)
    assert refused.code == 2
    assert "expected nothing but an older site" in refused.stderr
    assert tree_digests(into) == before


@pytest.mark.parametrize("listed", ["", "[]", "{}", '{"files": 7}', "\u2028"])
def test_a_list_that_is_none_of_ours_is_refused(
    listed: str, shelf: Project, tmp_path: Path
) -> None:
    (tmp_path / ".ft-registry-site.json").write_text(listed)
    refused = shelf.cli("--json", "report", "--into", tmp_path)
    assert refused.code == 2
    assert "found another document" in refused.error["message"]


def test_a_model_that_is_not_there_leaves_nothing(shelf: Project, tmp_path: Path) -> None:
    refused = shelf.cli("report", "--into", tmp_path / "public", "nobody")
    assert refused.code == 1
    assert "found no 'nobody'" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_registry_without_models_has_a_first_page(fresh_template: Path, tmp_path: Path) -> None:
    done = run_cli("--json", "report", "--into", tmp_path / "public", cwd=fresh_template)
    assert json.loads(done.stdout)["models"] == 0
    assert "No model is registered yet" in (tmp_path / "public/index.html").read_text()


@pytest.mark.parametrize(
    ("form", "begins"),
    [("html", "<!doctype html>"), ("mermaid", "flowchart LR"), ("dot", "digraph lineage {")],
)
def test_a_lineage_is_printed_in_every_form(form: str, begins: str, shelf: Project) -> None:
    for way in ("--up", "--down"):
        printed = shelf.cli("lineage", "m/1", way, "--format", form)
        assert printed.code == 0, printed.stderr
        assert printed.stdout.startswith(begins)
        assert "m/1 sft adapter" in printed.stdout


def test_a_shallow_clone_says_that_it_cannot_tell_the_moves(
    seeded_template: Path, tmp_path: Path
) -> None:
    clone = Project(tmp_path / "clone")
    source = Project(seeded_template)
    source.git(
        "clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{source.root}",
        str(clone.root),
    )  # fmt: skip
    clone.git("branch", "ft-registry", "origin/ft-registry")
    done = clone.cli("report", "--into", tmp_path / "public")
    assert done.code == 0, done.stderr
    assert "note: m: " in done.stderr
    assert (tmp_path / "public/models/m/2/index.html").is_file()


def test_a_restore_that_was_cut_off_is_not_finished_by_a_report(
    shelf: Project, tmp_path: Path
) -> None:
    whole = tmp_path / "back" / "back.whole-0"
    whole.mkdir(parents=True)
    (whole / "weights").write_text("1")
    (whole.parent / "config").write_text("what it had filled in by then")
    outcome = shelf.cli("report", "--into", whole.parent)
    assert outcome.code == 2
    assert {path.name for path in whole.parent.iterdir()} == {whole.name, "config"}


def test_a_link_to_itself_is_no_place_for_a_site(shelf: Project, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop.name)
    outcome = shelf.cli("report", "--into", loop)
    assert outcome.code == 2
    assert "a link that leads to itself" in " ".join(outcome.stderr.split())
