"""Every test of the ledger meets a machine without a user: no settings, no identity, no network."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.ledger.changes import begin
from tests.ledger.remotes import Team, copy_team, make_team
from tests.ledger.repositories import MadeOnce, make_repository, open_ledger

from ft_registry.ports.ledger import Ledger


@pytest.fixture(autouse=True)
def machine_without_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Points git at an empty home; fails the test that left something there."""
    for name in list(os.environ):
        if name.startswith(("GIT_", "SSH_", "XDG_", "FT_REGISTRY_", "GNUPG", "LANG", "LC_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    settings = home / "gitconfig"
    settings.write_text("[init]\n\tdefaultBranch = main\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "file")
    yield
    left = sorted(path.name for path in home.iterdir() if path.name not in {"gitconfig", "ssh"})
    assert not left, f"the test, or what it tests, wrote into the user's home: {left}"


@pytest.fixture
def git_config() -> Callable[[str], None]:
    """Returns what adds lines to the user's settings."""

    def add(lines: str) -> None:
        with Path(os.environ["GIT_CONFIG_GLOBAL"]).open("a", encoding="utf-8") as file:
            file.write(lines)

    return add


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> MadeOnce:
    """Returns what makes a folder unless it was made before, to be copied."""
    made: dict[Callable[[Path], object], Path] = {}

    def make(maker: Callable[[Path], object]) -> Path:
        if maker not in made:
            made[maker] = tmp_path_factory.mktemp("template") / maker.__name__
            maker(made[maker])
        return made[maker]

    return make


@pytest.fixture
def repository(made_once: MadeOnce, tmp_path: Path) -> Path:
    """A repository with one commit."""
    return Path(shutil.copytree(made_once(make_repository), tmp_path / "project"))


@pytest.fixture
def team(made_once: MadeOnce, tmp_path: Path) -> Team:
    """A server and two clones, with a ledger of one event."""
    return copy_team(made_once(make_team), tmp_path / "team")


@pytest.fixture(params=["memory", "git"])
def new_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Ledger]:
    """Returns what makes ledgers without any event, of each kind in turn."""
    made = 0

    def make() -> Ledger:
        nonlocal made
        made += 1
        if request.param == "memory":
            return MemoryLedger()
        return open_ledger(make_repository(tmp_path / f"ledger-{made}", commit=False))

    return make


@pytest.fixture
def ledger(new_ledger: Callable[[], Ledger]) -> Ledger:
    """A ledger of each kind that holds its first event."""
    made = new_ledger()
    begin(made)
    return made
