"""What an index keeps on disk while it is made is gone when the command ends, however it ends."""

from pathlib import Path

import pytest
from tests.cli.project import Project, jsonl

from ft_registry.backends import arrow_index
from ft_registry.errors import BackendUnavailable, Refused


def spilled(project: Project) -> list[Path]:
    return [*(project.root / ".git/ft-registry").rglob("index-*")]


def test_data_that_is_refused_leaves_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_index, "_FEW_BYTES", 0)
    path = project.write("a.jsonl", jsonl(50) + '{"prompt": "x", "completion": " "}\n')
    with pytest.raises(Refused) as caught:
        project.workspace().datasets.snapshot(path)
    # The error holds on to all that was at work when it was raised.
    assert "empty-text" in caught.value.message
    assert spilled(project) == []


def test_a_check_that_breaks_off_leaves_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_index, "_FEW_BYTES", 0)
    path = project.write("a.jsonl", jsonl(50))
    deal = arrow_index.ArrowWriter._deal

    def die(writer: arrow_index.ArrowWriter) -> None:
        deal(writer)
        assert spilled(project)
        raise BackendUnavailable("expected a worker, found it dead")

    monkeypatch.setattr(arrow_index.ArrowWriter, "_deal", die)
    datasets = project.workspace().datasets
    with pytest.raises(BackendUnavailable) as caught:
        datasets.check(path, datasets.look())
    assert caught.value.__traceback__
    assert spilled(project) == []
