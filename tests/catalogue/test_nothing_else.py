"""No file outside of the folders asked for is written, and no code of what is read is run."""

import json
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.catalogue.adapter_rows import REGISTER, WEIGHTS, Runs, adapter
from tests.catalogue.data_rows import folder
from tests.catalogue.git_rows import hooks_and_a_file_system_monitor
from tests.catalogue.score_rows import ruled
from tests.catalogue.watched import watched
from tests.cli.project import Project

pytestmark = pytest.mark.integration


def weights_that_run(project: Project) -> Sequence[str]:
    adapter(project)
    project.write(WEIGHTS, pickle.dumps({"w": Runs()}))
    return REGISTER


def leavings_of_a_trainer_that_run(project: Project) -> Sequence[str]:
    adapter(project)
    project.write("ad3/training_args.bin", pickle.dumps({"w": Runs()}))
    return REGISTER


def pickles_that_are_kept(project: Project) -> Sequence[str]:
    adapter(project)
    project.write("ad3/optimizer.pt", pickle.dumps({"w": Runs()}))
    return *REGISTER, "--allow-pickle", "to go on training"


def a_configuration_that_runs(project: Project) -> Sequence[str]:
    adapter(project)
    project.write(".git/info/exclude", "/train.yaml\n")
    project.write("train.yaml", 'x: !!python/object/apply:os.system ["touch ran"]\n')
    return *REGISTER, "--config", "train.yaml"


def a_pipeline_that_runs(project: Project) -> Sequence[str]:
    adapter(project)
    project.write("dvc.yaml", "stages:\n  train:\n    cmd: touch ran\n    outs: [ad3]\n")
    return REGISTER


def a_policy_that_runs(project: Project) -> Sequence[str]:
    return ruled(project, "command: {run: touch ran}")


def hooks_that_run(project: Project) -> Sequence[str]:
    return hooks_and_a_file_system_monitor.prepare(project)


def a_listing_that_leads_out(project: Project) -> Sequence[str]:
    project.done(*folder(project, "b.jsonl"))
    adapter(project)
    project.done("register", "m", "ad3", "--data", "many")
    listing = next((project.root / ".dvc" / "cache").rglob("*.dir"))
    entries = json.loads(listing.read_bytes())
    entries[0]["relpath"] = "../../../escaped.jsonl"
    listing.chmod(0o644)
    listing.write_text(json.dumps(entries))
    return "restore", "m/3", "--into", str(project.root.parent / "back")


def a_link_in_the_place_of_the_folder(project: Project) -> Sequence[str]:
    (project.root.parent / "elsewhere").mkdir()
    (project.root.parent / "back").symlink_to("elsewhere")
    return "restore", "m/1", "--into", str(project.root.parent / "back" / "inner")


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (weights_that_run, 4), (leavings_of_a_trainer_that_run, 1), (pickles_that_are_kept, 0),
        (a_configuration_that_runs, 1), (a_pipeline_that_runs, 0), (a_policy_that_runs, 7),
        (hooks_that_run, 0), (a_listing_that_leads_out, 4), (a_link_in_the_place_of_the_folder, 0),
    ],
)  # fmt: skip
def test_nothing_else_is_written_or_run(
    seeded: Project, tmp_path: Path, prepare: Callable[[Project], Sequence[str]], code: int
) -> None:
    words = prepare(seeded)
    (temporary := tmp_path / "temporary").mkdir()
    found = watched(
        words, cwd=seeded.root, extra={"TMPDIR": str(temporary)}, notes=tmp_path / "notes"
    )
    assert found.code == code, found.told
    assert found.started <= {"git"}
    assert not list(tmp_path.rglob("ran"))
    assert not list(tmp_path.rglob("escaped*"))
    allowed = (
        seeded.root, temporary, tmp_path / "back", tmp_path / "elsewhere", Path(os.devnull),
        Path(os.environ["DVC_SITE_CACHE_DIR"]),
    )  # fmt: skip
    beside = str(tmp_path / "back.partial-")  # gets the folder's name when it is whole
    others = [
        path
        for path in found.written
        if not any(map(path.is_relative_to, allowed)) and not str(path).startswith(beside)
    ]
    assert others == []


def test_what_is_run_and_written_is_seen(seeded: Project, tmp_path: Path) -> None:
    words = (*a_policy_that_runs(seeded), "--allow-commands")
    found = watched(words, cwd=seeded.root, extra={}, notes=tmp_path / "notes")
    assert found.code == 0, found.told
    assert found.started - {"git"}
    assert (seeded.root / "ran").exists()
    assert any(path.is_relative_to(seeded.root) for path in found.written)
