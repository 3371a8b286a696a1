"""The check ``plugin``: what an installed package says, and that what it raises is a no."""

from pathlib import Path
from typing import Any

import pytest
from tests.gates.fact_cases import World

from ft_registry.actions.checks.plugin import check_plugin
from ft_registry.model.policy_checks import PluginCheck

SOURCE = """
import sys

def sized(settings, facts):
    print("talk")
    size = facts.record["artifact"]["size"]
    facts.record.clear()
    settings.clear()
    return ("pass" if size <= 7 else "fail"), f"{facts.model}/{facts.version} {facts.alias} {size}"

def measured(settings, facts):
    return "pass", ", ".join(one["suite"] for one in facts.evaluations) + settings["end"]

def raising(settings, facts):
    raise RuntimeError("no\\nluck")

def leaving(settings, facts):
    sys.exit(0)

def returning(settings, facts):
    return settings["answer"]

nothing = 3
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A version, and a package of checks as pip installs one."""
    packages = tmp_path / "site"
    packages.mkdir()
    install(packages, "acme-checks", "acme_checks")
    (packages / "acme_checks.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(packages))
    found = World(tmp_path)
    found.version(1)
    return found


def install(packages: Path, name: str, module: str) -> None:
    info = packages / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    names = ("sized", "measured", "raising", "leaving", "returning", "nothing", "absent")
    points = "".join(f"{point} = {module}:{point}\n" for point in names)
    (info / "entry_points.txt").write_text(
        f"[ft_registry.checks]\n{points}broken = acme_gone:check\n"
    )


def look(world: World, name: str, **settings: Any) -> tuple[str, str]:
    check = PluginCheck(check=name, settings=settings)
    answer = check_plugin(check, world.case(allow_commands=True))
    return answer.outcome, answer.found


def test_nothing_is_loaded_unless_somebody_says_so(world: World) -> None:
    answer = check_plugin(PluginCheck(check="raising"), world.case())
    assert answer.outcome == "inconclusive"
    assert "--allow-commands" in answer.found


def test_it_decides_by_the_record(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    check = PluginCheck(check="sized", settings={"a": 1})
    case = world.case(allow_commands=True)
    answer = check_plugin(check, case)
    assert (answer.outcome, answer.found) == ("pass", "support/1 champion 7")
    assert check.settings == {"a": 1}
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "talk\n")


def test_it_decides_by_evaluations_and_settings(world: World) -> None:
    old = world.evaluation(1)
    world.evaluation(1, suite="late", origin="sha256:" + "c" * 64, supersedes=(old.id,))
    assert look(world, "measured", end="!") == ("pass", "late!")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raising", "it raised RuntimeError: no luck"),
        ("leaving", "it raised SystemExit: 0"),
        ("measured", "it raised KeyError"),
        ("broken", "it raised ModuleNotFoundError"),
        ("absent", "it raised AttributeError"),
        ("nothing", "it raised TypeError"),
        ("other", "no installed package has the plugin other"),
    ],
)
def test_what_gives_no_answer_fails(world: World, name: str, told: str) -> None:
    outcome, found = look(world, name)
    assert outcome == "fail"
    assert told in found


@pytest.mark.parametrize(
    "answer",
    [None, True, "pass", ["pass"], ["pass", ""], ["pass", 3], ["passed", "x"], [["pass"], "x"],
     ["pass", "x", "y"], {"pass": "x"}],
)  # fmt: skip
def test_what_is_no_answer_fails(world: World, answer: object) -> None:
    outcome, found = look(world, "returning", answer=answer)
    assert outcome == "fail"
    assert "has to return one of pass, fail, inconclusive and words" in found


def test_words_are_one_line_that_is_not_too_long(world: World) -> None:
    _, found = look(world, "returning", answer=["inconclusive", "a\n\x1b[31m" + "b" * 5000])
    assert found.startswith("a [31mbbb")
    assert len(found) < 700
    assert look(world, "returning", answer=["pass", "\ud800x"])[1] == "x"


def test_two_packages_of_one_name_are_none(world: World, tmp_path: Path) -> None:
    install(tmp_path / "site", "evil-checks", "acme_checks")
    outcome, found = look(world, "sized")
    assert outcome == "fail"
    assert "acme-checks, evil-checks" in found
