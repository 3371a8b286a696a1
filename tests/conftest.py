"""What all tests share: an environment that is nobody's, and registries made once and copied.

No test sees the user's configuration: HOME, git's, DVC's and MLflow's settings are those of a
fresh folder, and what a test (or a library that it loads) sets in the environment ends with it.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings
from tests.cli.project import Project, make_fresh, make_seeded

# No test measures time: the machine is shared, and what is slow once would be called flaky.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")

_FOREIGN = (
    "MLFLOW_", "FT_REGISTRY_", "DVC_", "GIT_", "XDG_", "AWS_", "LC_", "HF_", "HUGGINGFACE_",
    "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy",
    "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING",
)  # fmt: skip
_GITCONFIG = """\
[user]
\tname = Ada
\temail = ada@example.org
[init]
\tdefaultBranch = main
"""


_MEMORY = Path("/dev/shm")
_ENOUGH_BYTES = 4 * 2**30


def pytest_configure(config: pytest.Config) -> None:
    """Leaves to DVC and MLflow what they use of their libraries; finds a fast place for scratch.

    Databases and git write through to the disk at each step, and tests wait for nothing else as
    long. Memory has no disk to wait for; where there is none, or little, all is as pytest has it.
    """
    for library in ("dvc", "mlflow"):
        config.addinivalue_line("filterwarnings", f"ignore::DeprecationWarning:{library}")
    if "TMPDIR" not in os.environ and _has_room(_MEMORY):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _has_room(folder: Path) -> bool:
    """Returns whether tests can write there, much, and programs too."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= _ENOUGH_BYTES and not found.f_flag & os.ST_NOEXEC


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the seeds of what was random, whatever came of it: the workers' output is not shown."""
    for ended in ("passed", "failed"):
        for report in terminalreporter.getreports(ended):
            for name, value in getattr(report, "user_properties", ()):
                if name == "FT_REGISTRY_SEED":
                    terminalreporter.write_line(f"{name}={value} {report.nodeid}")


@pytest.fixture(scope="session", autouse=True)
def hermetic_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Moves the session into a home of its own and yields it."""
    home = tmp_path_factory.mktemp("home")
    site = tmp_path_factory.mktemp("dvc-site")
    before = dict(os.environ)
    for name in before:
        if name.startswith(_FOREIGN):
            del os.environ[name]
    (home / "gitconfig").write_text(_GITCONFIG)
    os.environ.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_DATA_HOME=str(home / "data"),
        GIT_CONFIG_GLOBAL=str(home / "gitconfig"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CEILING_DIRECTORIES=str(tmp_path_factory.getbasetemp()),
        DVC_GLOBAL_CONFIG_DIR=str(home / "dvc-global"),
        DVC_SYSTEM_CONFIG_DIR=str(home / "dvc-system"),
        DVC_SITE_CACHE_DIR=str(site),
        DVC_NO_ANALYTICS="1",
        DO_NOT_TRACK="1",
        LANG="C.UTF-8",
        TERM="dumb",
    )
    yield home
    assert sorted(path.name for path in home.iterdir()) == ["gitconfig"], "a test wrote to HOME"
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def hermetic(hermetic_session: Path) -> Iterator[None]:
    """Puts the environment back after each test: DVC and MLflow are configured through it.

    What MLflow remembers of artifacts goes as well: it goes by ids, and copies of one registry
    have the same, so a test would be given what lies with another.
    """
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)
    if remembers := sys.modules.get("mlflow.tracking._tracking_service.utils"):
        remembers._artifact_repos_cache.clear()


@pytest.fixture
def tmp_path(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of one's own; memory gets back what a test that passed left in it.

    The folder itself stays: libraries remember places, so none may come twice.
    """
    failed = request.session.testsfailed
    yield tmp_path
    if request.session.testsfailed == failed and tmp_path.is_relative_to(_MEMORY):
        for left in tmp_path.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()


@pytest.fixture(scope="session")
def built_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], None]], Path]:
    """Returns a function that makes a folder once for all workers of the session."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def build(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                done.touch()
        return folder

    return build


@pytest.fixture(scope="session")
def fresh_template(built_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """An initialised registry, its MLflow database migrated (that takes seconds)."""
    return built_once("fresh", make_fresh)


@pytest.fixture(scope="session")
def seeded_template(
    fresh_template: Path, built_once: Callable[[str, Callable[[Path], None]], Path]
) -> Path:
    """A registry with m/1 (scored) and m/2, champion moved from 1 to 2."""
    return built_once("seeded", lambda folder: make_seeded(folder, fresh_template))


@pytest.fixture
def project(fresh_template: Path, tmp_path: Path) -> Project:
    """A registry of one's own: initialised, everything committed, no data tracked yet."""
    return Project.copy(fresh_template, tmp_path / "project")


@pytest.fixture
def seeded(seeded_template: Path, tmp_path: Path) -> Project:
    """A registry of one's own with two versions and an alias."""
    return Project.copy(seeded_template, tmp_path / "project")


@pytest.fixture(scope="session")
def shelf(seeded_template: Path) -> Project:
    """The same registry for tests that only read."""
    return Project(seeded_template)


@pytest.fixture
def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A registry of one's own that is the current folder as well."""
    monkeypatch.chdir(project.root)
    return project
