"""Where the command is run: outside git, before a commit, without DVC, from anywhere inside."""

from pathlib import Path

import pytest
from tests.cli.project import Project, run_cli

pytestmark = pytest.mark.integration

EVERY = [
    ("list",),
    ("show", "m/1"),
    ("log",),
    ("at", "m@champion", "1h"),
    ("lineage", "m/1"),
    ("status",),
    ("register", "m", "ad1"),
    ("promote", "m/1", "--to", "champion"),
    ("rollback", "m@champion", "--reason", "r"),
    ("data", "snapshot", "data/train.jsonl"),
]


@pytest.mark.parametrize("command", [*EVERY, ("init",)], ids=lambda command: command[0])
def test_outside_git_every_command_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    outcome = run_cli("--json", *command, cwd=tmp_path)
    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.error["kind"] == "not_a_registry"
    assert "git repository" in outcome.error["message"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def bare_git(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A git repository with a commit, and nothing of ours."""
    project = Project(tmp_path_factory.mktemp("git"))
    project.git("init", "--quiet", ".")
    project.write("data/train.jsonl", "{}\n")
    project.adapter("ad1")
    project.write("readme", "")
    project.commit("readme")
    return project


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command[0])
def test_before_init_every_command_says_how_to_begin(
    bare_git: Project, command: tuple[str, ...]
) -> None:
    outcome = bare_git.cli("--json", *command)
    assert (outcome.code, outcome.stdout) == (1, "")
    assert outcome.error["kind"] == "not_a_registry"
    assert "ft-registry init" in outcome.error["hints"][0]
    assert not (bare_git.root / ".dvc").exists()
    assert bare_git.git("branch", "--list", "ft-registry") == ""


def test_before_the_first_commit_registering_says_so(project: Project) -> None:
    project.git("checkout", "-q", "--orphan", "new")
    project.git("rm", "-rqf", "--cached", ".")
    before = project.head()
    outcome = project.cli("--json", "register", "m", "ad1")
    assert (outcome.code, outcome.error["kind"]) == (1, "not_a_registry")
    assert "git commit" in outcome.error["hints"][0]
    assert project.head() == before


def test_init_works_before_the_first_commit(fresh_template: Path, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.git("init", "--quiet", ".")
    (tmp_path / "mlflow.db").write_bytes((fresh_template / "mlflow.db").read_bytes())
    assert project.done("init")["created"]
    assert project.cli("list").code == 0


def test_without_dvc_data_says_so_and_weights_can_be_registered(project: Project) -> None:
    project.git("rm", "-rqf", ".dvc")
    project.git("clean", "-fdxq", "--", ".dvc")
    project.git("commit", "-qm", "no dvc")
    outcome = project.cli("--json", "data", "snapshot", "data/train.jsonl")
    assert (outcome.code, outcome.error["kind"]) == (1, "not_a_registry")
    assert project.done("register", "m", "ad1")["version"] == 1


def test_init_again_changes_nothing(project: Project) -> None:
    before = project.state()
    done = project.done("init")
    assert (done["created"], done["dvc_created"]) == (False, False)
    assert project.state() == before


def test_a_command_works_from_a_folder_inside(seeded: Project) -> None:
    inside = seeded.root / "data"
    data = ("--data", "train.jsonl")
    outcome = seeded.cli("register", "m", "../ad1", *data, "--method", "dpo", cwd=inside)
    assert outcome.stdout.startswith("already m/1"), outcome.stderr
    seeded.adapter("ad3")
    outcome = seeded.cli("register", "m", "../ad3", *data, cwd=inside)
    assert outcome.stdout.startswith("registered m/3"), outcome.stderr
    assert sorted(path.name for path in inside.iterdir()) == [
        ".gitignore", "train.jsonl", "train.jsonl.dvc", "train.jsonl.examples.arrow",
        "train.jsonl.examples.arrow.dvc",
    ]  # fmt: skip


def test_a_command_works_from_outside_with_root(seeded: Project, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    outcome = run_cli("promote", "m/1", "--to", "champion", "--root", seeded.root, cwd=outside)
    assert outcome.code == 0, outcome.stderr
    assert list(outside.iterdir()) == []


def test_a_clone_reads_the_ledger_of_its_origin(seeded: Project, tmp_path: Path) -> None:
    seeded.git("clone", "--quiet", str(seeded.root), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert [row["version"] for row in clone.done("list")["versions"]] == [1, 2]


def test_a_bare_clone_reads_and_says_that_it_cannot_register(
    seeded: Project, tmp_path: Path
) -> None:
    bare = tmp_path / "bare.git"
    seeded.git("clone", "--quiet", "--bare", str(seeded.root), str(bare))
    assert run_cli("show", "m@champion", cwd=bare).code == 0
    outcome = run_cli("--json", "register", "m", seeded.root / "ad1", cwd=bare)
    assert (outcome.code, outcome.error["kind"]) == (1, "not_a_registry")


@pytest.mark.parametrize(
    "content",
    ['colour = "red"\n', "mlflow_uri = \n", "offline = 'perhaps'\n", 'actor = "<>"\n', "\xff"],
)
def test_a_setting_that_is_none_is_told(seeded: Project, content: str) -> None:
    (seeded.root / "ft-registry.toml").write_bytes(content.encode("latin-1"))
    outcome = seeded.cli("--json", "promote", "m/1", "--to", "champion")
    assert (outcome.code, outcome.error["kind"]) == (2, "usage")


def test_git_s_own_variables_do_not_lead_elsewhere(shelf: Project, tmp_path: Path) -> None:
    other = Project(tmp_path)
    other.git("init", "--quiet", ".")
    env = {"GIT_DIR": str(tmp_path / ".git"), "GIT_WORK_TREE": str(tmp_path)}
    assert [row["version"] for row in shelf.done("list", env=env)["versions"]] == [1, 2]


def test_a_damaged_index_is_made_anew(seeded: Project) -> None:
    index = seeded.root / ".git" / "ft-registry" / "index.sqlite"
    before = seeded.done("list")
    index.write_bytes(b"no database at all")
    assert seeded.done("list") == before


def test_a_read_only_git_folder_can_be_read(seeded: Project) -> None:
    (seeded.root / ".git" / "ft-registry" / "index.sqlite").unlink(missing_ok=True)
    (seeded.root / ".git" / "ft-registry" / "index.sqlite").mkdir()
    assert len(seeded.done("list")["versions"]) == 2


def test_a_strict_umask_keeps_nobody_from_registering(seeded: Project) -> None:
    seeded.adapter("ad3")
    command = ("register", "m", "ad3", "--data", "data/train.jsonl")
    process = seeded.start(*command, umask=0o077)
    assert process.communicate(timeout=120)[0].startswith("registered m/3")
    assert process.returncode == 0
    assert seeded.cli("verify", "m/3").code == 0
