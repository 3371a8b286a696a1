"""The house keeps its shape: imports point down, modules stay small, rooms have names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "registry").rglob("*.py")) + sorted((ROOT / "cli").rglob("*.py"))

FLOORS = {
    "errors": 0,
    "faultpoints": 0,
    "model": 1,
    "statistics": 1,
    "evaluations": 1.5,
    "gates": 1.7,  # what checks decide of facts: pure, and knows statistics and the model
    "advice": 1.8,  # what facts on record imply: pure, and words it as gates do
    "examples": 1.5,  # what lines of data say: pure, and knows the model alone
    "ports": 2,
    "readers": 2,
    "formats": 2,
    "actions": 3,
    "backends": 3,
    "wiring": 4,
    "datasets": 4.2,
    "scoring": 4.2,
    "gating": 4.2,
    "training": 4.2,
    "workspace": 4.5,  # the upper half of that floor: it stands on the wiring
    "checkup": 4.7,  # stands on the workspace, and looks past it where there is none
    "plugins": 4.8,  # what other programs load: each of them opens a workspace when it is used
}
DOORS = {
    # A plugin is made of MLflow's own classes.
    "mlflow": ("ft_registry.backends.mlflow", "ft_registry.plugins"),
    "dvc": "ft_registry.backends.dvc",
    "git": "ft_registry.backends.git.door",
    "ray": "ft_registry.backends.executors.ray",
    "typer": "ft_registry_cli",
    "sqlite3": "ft_registry.backends",
    "subprocess": (
        "ft_registry.backends.git.door",
        "ft_registry.backends.recipe",
        "ft_registry.backends.launch",
        "ft_registry.plugins.inspect_hooks",
    ),
    "inspect_ai": "ft_registry.plugins.inspect_hooks",
}
"""Outside libraries, and the room through which each enters; four rooms start programs."""


def module_of(path: Path) -> str:
    source_root = "registry" if path.is_relative_to(ROOT / "registry") else "cli"
    parts = path.relative_to(ROOT / source_root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def floor_of(module: str) -> float | None:
    if module.partition(".")[0] == "ft_registry_cli":
        return 5
    parts = module.split(".")
    return FLOORS[parts[1]] if parts[0] == "ft_registry" and len(parts) > 1 else None


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_imports_point_down(path: Path) -> None:
    here = module_of(path)
    floor = floor_of(here)
    if floor is None:
        return  # the package itself: its version
    for imported in imports_of(path):
        there = floor_of(imported)
        if there is None:
            continue
        same_room = floor == there and here.split(".")[:2] == imported.split(".")[:2]
        same_package = here.partition(".")[0] == imported.partition(".")[0] == "ft_registry_cli"
        assert there < floor or same_room or same_package, (
            f"{here} (floor {floor}) imports {imported} (floor {there})"
        )


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_outside_libraries_enter_by_one_door(path: Path) -> None:
    here = module_of(path)
    for imported in imports_of(path):
        named = DOORS.get(imported.partition(".")[0], "")
        doors = (named,) if isinstance(named, str) else named
        assert any(not door or f"{here}.".startswith(f"{door}.") for door in doors), (
            f"{here} imports {imported}, which enters by {doors}"
        )


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_only_the_workspace_wires_back_ends(path: Path) -> None:
    here = module_of(path)
    if here.startswith("ft_registry.backends") or here in (
        "ft_registry.wiring",
        "ft_registry.workspace",
        "ft_registry.training",  # stands on the wiring where there is a repository
        "ft_registry.checkup",  # the same
    ):
        return
    assert not [name for name in imports_of(path) if name.startswith("ft_registry.backends")]


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_the_model_knows_neither_world_nor_time(path: Path) -> None:
    here = module_of(path)
    if not here.startswith("ft_registry.model"):
        return
    worldly = {"os", "sys", "pathlib", "socket", "subprocess", "time", "random", "secrets", "io"}
    found = {imported.partition(".")[0] for imported in imports_of(path)} & worldly
    # PurePosixPath is arithmetic on names, not a file.
    text = path.read_text(encoding="utf-8")
    if "from pathlib import PurePosixPath\n" in text:
        found.discard("pathlib")
    assert not found
    assert "datetime.now" not in text


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_no_module_exceeds_five_hundred_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_no_room_has_a_name_that_says_nothing(path: Path) -> None:
    assert not set(module_of(path).split(".")) & {
        "util", "utils", "helper", "helpers", "common", "manager", "misc", "core",
    }  # fmt: skip


@pytest.mark.parametrize("path", SOURCES, ids=module_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
