"""`advise` on a real registry: what was measured, what was not, and what follows."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, environment, items, jsonl

from ft_registry_cli.columns import width

pytestmark = pytest.mark.integration

COUNT = 60
SETTINGS = """\
[suites.sums]
metric = "exact_match"
higher_is_better = true
data = "heldout"
use = "format"
[suites.brief]
metric = "exact_match"
higher_is_better = true
use = "shorter-prompt"
[suites.harm]
metric = "refused"
higher_is_better = true
use = "safety"
"""
PROMPT = "2 + 2: 4\n3 + 5: 8\n{prompt}\n"
PROBE = """
import atexit, json, sys
def tell():
    heavy = {name.partition('.')[0] for name in sys.modules}
    print('MODULES', json.dumps(sorted(heavy)), file=sys.stderr)
atexit.register(tell)
from ft_registry_cli.main import main
main()
"""


def scored(right: Iterable[int], *, prompt: str = "", **more: Any) -> str:
    chosen = set(right)
    return "".join(
        json.dumps({"id": f"q{n}", "exact_match": int(n in chosen), **more}
                   | ({"prompt": f"{prompt}what is {n}?"} if prompt else {})) + "\n"
        for n in range(COUNT)
    )  # fmt: skip


def statements(found: Any, topic: str) -> list[dict[str, Any]]:
    return [one for one in found["statements"] if one["topic"] == topic]


def add(project: Project, reference: str, content: str, *how: str, suite: str = "sums") -> None:
    file = project.write(f"{suite}.jsonl", content)
    project.done("eval", "add", reference, file, "--suite", suite, *how)


def beat(project: Project, content: str, suite: str = "sums") -> None:
    """Puts scores of the few-shot prompt on record."""
    file = project.write(f"few-{suite}.jsonl", content)
    project.write("prompt.txt", PROMPT)
    project.done(
        "baseline", "add", "m", "--label", "few-shot", "--base", "org/base@3f2a",
        "--config", "prompt.txt", "--eval", file, "--suite", suite, "--data", "heldout",
    )  # fmt: skip


def advice(project: Project) -> Any:
    return project.workspace().gates.advise("m").as_json()


def make_measured(folder: Path, seeded: Path) -> None:
    """Makes m/2, the champion, with 50 of 60 right on `sums`, a few-shot prompt with 25 of them."""
    project = Project.copy(seeded, folder)
    project.write("ft-registry.toml", SETTINGS)
    project.write("data/heldout.jsonl", jsonl(COUNT, word="held"))
    project.done("data", "snapshot", "data/heldout.jsonl")
    add(project, "m/2", scored(range(50), cost=0.001))
    beat(project, scored(range(25), cost=0.003))


@pytest.fixture(scope="session")
def measured_shelf(seeded_template: Path, built_once: Callable[..., Path]) -> Project:
    """For tests that only read."""
    return Project(built_once("advised", lambda folder: make_measured(folder, seeded_template)))


@pytest.fixture
def measured(measured_shelf: Project, tmp_path: Path) -> Project:
    """One of one's own."""
    return Project.copy(measured_shelf.root, tmp_path / "project")


def test_a_champion_that_beats_the_prompt_is_what_the_order_implies(
    measured_shelf: Project,
) -> None:
    found = advice(measured_shelf)
    assert found["model"] == "m"
    assert (found["implies"]["step"], found["implies"]["version"]) == ("fine-tune", "m/2")
    (tuned,) = statements(found, "fine-tune")
    assert tuned["what"] == "supported"
    ours, theirs = tuned["evidence"]
    assert ours["figures"]["exact_match"] == pytest.approx(50 / 60)
    assert theirs["figures"]["exact_match"] == pytest.approx(25 / 60)
    assert ours["figures"]["delta"] == pytest.approx(25 / 60)
    assert 0 < ours["figures"]["low"] < ours["figures"]["delta"] < ours["figures"]["high"]
    assert ours["figures"]["n"] == COUNT
    (document,) = [one for one in measured_shelf.done("show", "m/2")["evaluations"]
                   if one["suite"] == "sums"]  # fmt: skip
    assert ours["document"] == f"sums-{document['origin'][7:23]} of m/2"
    what = {topic: [one["what"] for one in statements(found, topic)] for topic in (
        "prompt", "rag", "evaluation-size", "training-size", "faults", "overlap", "data-age",
        "format", "shorter-prompt", "safety", "regression", "spread", "cost",
    )}  # fmt: skip
    assert what == {
        "prompt": ["supported"], "rag": ["missing"], "evaluation-size": ["supported"],
        "training-size": ["supported"], "faults": ["supported"], "overlap": ["supported"],
        "data-age": ["supported"], "format": ["supported"], "shorter-prompt": ["missing"],
        "safety": ["missing"], "regression": ["missing"], "spread": ["missing"],
        "cost": ["missing"],
    }  # fmt: skip


def test_the_text_fits_a_terminal_and_names_every_statement(measured_shelf: Project) -> None:
    found = advice(measured_shelf)
    text = measured_shelf.cli("advise", "m").stdout
    assert text.startswith("m: fine-tune: m/2 is shown to beat m:few-shot; whether retrieval")
    assert [line for line in text.splitlines() if width(line) > 80] == []
    marks = [line for line in text.splitlines() if line[:2] in ("+ ", "- ", "? ")]
    assert len(marks) == len(found["statements"])


def test_a_gain_that_luck_explains_is_not_shipped(measured: Project) -> None:
    add(measured, "m/2", scored([*range(22), *range(30, 36)], cost=0.001), "--corrects")
    found = advice(measured)
    assert (found["implies"]["step"], found["implies"]["version"]) == ("", "")
    (size,) = statements(found, "evaluation-size")
    assert (size["what"], "at 80 % power" in size["words"]) == ("missing", True)


def test_other_items_are_not_paired_and_the_scores_are_told(measured: Project) -> None:
    measured.write("totals.json", json.dumps({"scores": {"exact_match": 0.9}}))
    measured.done(
        "eval", "add", "m/2", "totals.json", "--suite", "sums", "--corrects", "--allow-partial"
    )
    found = advice(measured)
    (tuned,) = statements(found, "fine-tune")
    assert tuned["what"] == "missing"
    assert "0.9000 against 0.4167" in tuned["words"]
    assert "not paired" in tuned["words"]
    assert found["implies"]["step"] == ""


def test_items_that_are_gone_leave_the_scores(measured: Project) -> None:
    advice(measured)
    for file in measured.root.rglob("ftr/evaluations/*.parquet"):
        file.unlink()
    (kept,) = statements(advice(measured), "fine-tune")
    assert kept["what"] == "supported"  # by the tables that were read before
    shutil.rmtree(measured.root / ".git" / "ft-registry" / "items")
    found = advice(measured)
    (tuned,) = statements(found, "fine-tune")
    assert tuned["what"] == "missing"
    assert "0.8333 (" in tuned["words"]
    assert "found it gone" in tuned["words"]
    assert found["implies"]["version"] == ""


def test_training_on_the_evaluation_set_is_told_and_ships_nothing(measured: Project) -> None:
    measured.write("data/both.jsonl", jsonl(120) + jsonl(3, word="held"))
    measured.done("data", "snapshot", "data/both.jsonl")
    measured.adapter("ad3")
    measured.done("register", "m", "ad3", "--data", "data/both.jsonl", "--method", "sft")
    add(measured, "m/3", scored(range(60)))
    measured.done("promote", "m/3", "--to", "champion", "--reason", "it scores best")
    found = advice(measured)
    (overlap,) = statements(found, "overlap")
    assert (overlap["what"], found["implies"]["step"]) == ("against", "")
    assert "3 examples of evaluation data lie in training data" in overlap["words"]


def test_the_newest_is_held_against_the_champion(measured: Project) -> None:
    measured.write("data/train.jsonl", jsonl(150))
    measured.done("data", "snapshot", "data/train.jsonl")
    measured.adapter("ad3")
    measured.done("register", "m", "ad3", "--data", "data/train.jsonl", "--method", "dpo")
    add(measured, "m/3", scored(range(52), cost=0.001))
    found = advice(measured)
    assert found["implies"]["version"] == "m/2"
    (against,) = statements(found, "champion")
    assert against["what"] == "missing"
    assert "m/3 on sums" in against["words"]
    old, new = statements(found, "data-age")
    assert (old["what"], new["what"]) == ("against", "supported")
    assert "(150 examples) was taken on" in old["words"]
    few = statements(found, "training-size")[1]
    assert few["what"] == "against"
    assert "preference tuning needs some 500 to 5,000 pairs" in few["words"]


def test_shorter_prompts_are_told_from_the_items(measured: Project) -> None:
    add(measured, "m/2", scored(range(50), prompt="q: "), "--data", "heldout", suite="brief")
    beat(measured, scored(range(25), prompt="2 + 2 is 4, 3 + 5 is 8. q: "), "brief")
    (found,) = statements(advice(measured), "shorter-prompt")
    assert found["what"] == "supported"
    assert "14 characters on average against 38 of m:few-shot" in found["words"]
    assert found["evidence"][-1]["figures"] == {"characters": len(PROMPT)}


def test_a_model_with_nothing_but_a_baseline(seeded: Project) -> None:
    seeded.write("sums.jsonl", items())
    seeded.done(
        "baseline",
        "add",
        "new",
        "--new",
        "--label",
        "few-shot",
        "--base",
        "b",
        "--eval",
        "sums.jsonl",
    )
    found = seeded.done("advise", "new")
    assert found["implies"]["words"].startswith("nothing is tuned yet")
    assert "ft-registry register new PATH" in statements(found, "fine-tune")[0]["next"]


def test_what_the_settings_do_not_say_is_asked_for(measured: Project) -> None:
    measured.write("ft-registry.toml", "")
    text = json.dumps(advice(measured))
    assert "not said which use of fine-tuning suite sums is for" in text
    add(measured, "m/2", items(good=9), "--data", "heldout", "--allow-partial", suite="plain")
    beat(measured, scored(range(5)), "plain")
    (tuned,) = [one for one in statements(advice(measured), "fine-tune") if "plain" in one["words"]]
    assert tuned["what"] == "missing"
    assert "higher_is_better in [suites.plain]" in tuned["words"]


def test_what_is_asked_of_no_model_is_an_error(shelf: Project) -> None:
    gone = shelf.cli("--json", "advise", "nope")
    assert (gone.code, gone.error["kind"]) == (1, "not_found")
    assert shelf.cli("advise", "m/1").code == 2


def test_an_unknown_use_is_refused_with_those_that_there_are(seeded: Project) -> None:
    seeded.write("ft-registry.toml", '[suites.sums]\nuse = "tone"\n')
    outcome = seeded.cli("advise", "m")
    assert outcome.code == 2
    assert "suites.sums.use" in outcome.stderr
    assert "'shorter-prompt'" in outcome.stderr


def test_advice_imports_no_mlflow_and_changes_nothing(measured_shelf: Project) -> None:
    before = measured_shelf.state()
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "advise", "m"],
        cwd=measured_shelf.root, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *_, modules = [line for line in done.stderr.splitlines() if line.startswith("MODULES ")]
    assert not set(json.loads(modules.removeprefix("MODULES "))) & {"mlflow", "dvc", "rich"}
    assert measured_shelf.state() == before
