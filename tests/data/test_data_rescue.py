"""What a process was killed with in its hands is put back by the next, and nothing is left over."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ft_registry.backends.dvc.project import DvcProject
from ft_registry.backends.dvc.rescue import claimed, take_up

FILES = {"data.jsonl": ["data.jsonl"], "set": ["set/a.jsonl", "set/b/c.jsonl"]}


@pytest.fixture
def project(tmp_path: Path) -> DvcProject:
    for name in (name for names in FILES.values() for name in names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dvc").mkdir()
    return DvcProject(tmp_path, tmp_path / "cache", {})


@contextmanager
def in_hand(place: Path, project: DvcProject) -> Iterator[None]:
    """Takes a dataset's files away, as DVC does before it puts links in their place."""
    with claimed(place, project) as folder:
        names = list(place.rglob("*")) if place.is_dir() else [place]
        for path in [path for path in names if path.is_file()]:
            link = folder / (path.relative_to(place) if place.is_dir() else path.name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(path)
            path.unlink()
        yield


def left(project: DvcProject) -> list[str]:
    return sorted(path.name for path in (project.root / ".dvc" / "tmp").iterdir())


@pytest.mark.parametrize("name", FILES)
def test_what_a_killed_process_had_taken_is_put_back(project: DvcProject, name: str) -> None:
    child = os.fork()
    if not child:
        with in_hand(project.root / name, project):
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not any((project.root / path).exists() for path in FILES[name])
    take_up(project)
    assert [(project.root / path).read_text() for path in FILES[name]] == FILES[name]
    assert left(project) == []


def test_a_file_that_is_there_again_stays(project: DvcProject) -> None:
    file = project.root / "data.jsonl"
    child = os.fork()
    if not child:
        with in_hand(file, project):
            os._exit(9)
    os.waitpid(child, 0)
    file.write_text("written since")
    take_up(project)
    assert (file.read_text(), left(project)) == ("written since", [])


def test_what_a_living_process_holds_is_left_alone(project: DvcProject) -> None:
    with in_hand(project.root / "data.jsonl", project):
        before = left(project)
        take_up(project)
        assert left(project) == before
        assert not (project.root / "data.jsonl").exists()
