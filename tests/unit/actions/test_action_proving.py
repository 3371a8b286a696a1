"""How far a version was brought back is judged by rules, and each rule is told in its step."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ft_registry.actions.comparison import compare_scores, compare_weights
from ft_registry.actions.restore import level_of
from ft_registry.actions.run_settings import Wishes, choose_settings, differences
from ft_registry.actions.stages import outputs, scoring
from ft_registry.backends.dvc.pipelines import DvcPipelines
from ft_registry.backends.recipe import ShellRunner
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.proof import ProofStep, shortfall
from ft_registry.model.record import Environment, Stage
from ft_registry.model.registered import PackageList
from ft_registry.model.repository_url import same_repository
from ft_registry.ports.context import CapturedEnvironment
from ft_registry.readers.files import hash_folder


def step(name: str, state: str = "ok") -> ProofStep:
    return ProofStep.model_validate({"name": name, "state": state})


@pytest.mark.parametrize(
    ("steps", "level"),
    [
        ([], "R2"),
        ([step("evaluation dates", "missing"), step("environment", "differs")], "R2"),
        ([step("base", "unknown"), step("scoring input x", "missing")], "R2"),
        ([step("base", "missing")], "R1"),
        ([step("code", "differs")], "R1"),
        ([step("data train", "unknown")], "R1"),
        ([step("config", "missing")], "R1"),
        ([step("input build/x", "differs")], "R1"),
    ],
)
def test_what_a_recipe_needs_decides_the_level(steps: list[ProofStep], level: str) -> None:
    assert level_of([step("artifact"), *steps], at_most="R2") == level
    assert level_of([step("artifact"), *steps], at_most="R0") == "R0"


FAILED = [
    (("stage train", "differs", "a: ended with status 3"), "stage train: a: ended with status 3"),
    (("stage train", "unknown", "not run"), "stage train: not run"),
    (("weights", "missing", "a.bin"), "weights not made: a.bin"),
    (("weights", "differs", "a.bin"), "other weights: a.bin"),
    (("scores dates.em", "differs", "0.1"), "scores dates.em: 0.1"),
    (("input build/x", "differs", "x"), "no scores to compare"),
]


@pytest.mark.parametrize(("found", "why"), FAILED, ids=lambda value: value[0])
def test_a_run_that_proves_nothing_says_by_what_it_failed(
    found: tuple[str, str, str], why: str
) -> None:
    name, state, detail = found
    steps = [
        step("artifact"),
        ProofStep.model_validate({"name": name, "state": state, "detail": detail}),
    ]
    assert shortfall("reproduce", "R2", steps) == f"not reproduced: {why}"
    assert shortfall("reproduce", "R3", steps) == shortfall("restore", "R1", steps) == ""


def test_a_failure_is_one_line_whatever_the_command_was() -> None:
    script = "set -e\n\x1b[31mpython train.py\u2028" + "x" * 1000
    line = shortfall("reproduce", "R2", [ProofStep(name="stage t", state="differs", detail=script)])
    assert line.startswith("not reproduced: stage t: set -e [31mpython train.py x")
    assert (len(line) < 400, line.isprintable()) == (True, True)


# Weights.


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_weights_are_found_wherever_in_the_output_they_lie(tmp_path: Path) -> None:
    files = {"model.safetensors": b"weights", "config.json": b"{}"}
    recorded = hash_folder(write(tmp_path / "then", files))
    out = write(tmp_path / "now", {f"checkpoints/last/{n}": c for n, c in files.items()})
    write(out, {"checkpoints/first/model.safetensors": b"other"})
    found = compare_weights(recorded, [tmp_path / "absent", out])
    assert (found.state, found.detail) == ("ok", "2 files bit-identical")
    write(out, {"checkpoints/last/config.json": b"{ }"})
    found = compare_weights(recorded, [out])
    assert (found.state, found.detail) == (
        "ok", "1 files bit-identical; beside them differ: config.json",
    )  # fmt: skip
    write(out, {"checkpoints/last/model.safetensors": b"weighty"})
    assert compare_weights(recorded, [out]).state == "differs"
    assert compare_weights(recorded, []).state == "missing"


def test_without_known_weights_every_file_counts(tmp_path: Path) -> None:
    recorded = hash_folder(write(tmp_path / "then", {"model.onnx": b"weights"}))
    assert compare_weights(recorded, [write(tmp_path / "now", {"model.onnx": b"x"})]).state == (
        "differs"
    )


# Scores.


def items(path: Path, scores: Sequence[object], *, first: int = 0) -> Path:
    lines = [json.dumps({"id": f"q{n}", "em": s}) for n, s in enumerate(scores, first)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("then", "now", "state"),
    [
        ([1] * 15 + [0] * 5, [0] * 5 + [1] * 15, "ok"),
        ([1] * 15 + [0] * 5, [1] * 20, "differs"),
        ([1] * 15 + [0] * 5, [1] * 10 + [0] * 10, "differs"),
        ([1] * 20, [1] * 17 + [0] * 3, "ok"),
        ([0.5, 0.6, 0.7], [0.6, 0.6, 0.7], "ok"),
        ([0.5, 0.6, 0.7], [0.1, 0.1, 0.1], "differs"),
        ([0.5, 0.5], [0.5, 0.5], "ok"),
        ([0.5, 0.5], [0.5, 0.501], "differs"),
        ([0.5], [0.5], "ok"),
        ([0.5], [0.9], "unknown"),
    ],
)
def test_a_score_is_judged_by_the_interval_of_the_original(
    tmp_path: Path, then: list[float], now: list[float], state: str
) -> None:
    before = items(tmp_path / "then/dates.jsonl", then)
    after = items(tmp_path / "now/dates.jsonl", now)
    (found,) = compare_scores("dates", [(before, after)])
    assert (found.name, found.state) == ("scores dates.em", state)


def test_other_items_or_no_items_are_no_comparison(tmp_path: Path) -> None:
    before = items(tmp_path / "then/dates.jsonl", [1, 0])
    other = items(tmp_path / "a/dates.jsonl", [1, 0], first=1)
    (found,) = compare_scores("dates", [(before, other)])
    assert (found.state, found.detail) == ("differs", "scored on other items: q0, q2")
    (found,) = compare_scores("dates", [(before, tmp_path / "nothing.jsonl")])
    assert found.state == "missing"
    (found,) = compare_scores("dates", [(tmp_path / "lost.jsonl", before)])
    assert found.state == "unknown"


def test_the_newest_evaluation_on_the_same_items_counts(tmp_path: Path) -> None:
    after = items(tmp_path / "now/dates.jsonl", [1, 0])
    first = items(tmp_path / "first/dates.jsonl", [0, 0])
    second = items(tmp_path / "second/dates.jsonl", [1, 1])
    later = items(tmp_path / "later/dates.jsonl", [1, 0, 1])
    (found,) = compare_scores("dates", [(first, after), (second, after), (later, after)])
    assert "was 1.0000, n=2" in found.detail
    (found,) = compare_scores("dates", [(later, after)])
    assert found.state == "differs"


# The pipeline.

LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    outs: [{path: ../build/adapter, md5: 00000000000000000000000000000000.dir, hash: md5}]
  generate:
    cmd: [echo a, echo b]
    deps: [{path: ../build/adapter}, {path: prompts.txt}]
    outs: [{path: answers.jsonl}]
  judge:
    cmd: judge
    deps: [{path: answers.jsonl}, {path: rubric.txt}]
    outs: [{path: out/dates.jsonl}]
  rubric:
    cmd: write
    outs: [{path: rubric.txt}]
  ring:
    cmd: ring
    deps: [{path: ring.txt}]
    outs: [{path: ring.txt}]
"""
PIPELINE = "stages:\n  judge: {wdir: ., cmd: judge}\n  train: {wdir: sub, cmd: x}\n"


def test_only_the_stages_between_weights_and_scores_run_again(tmp_path: Path) -> None:
    write(tmp_path, {"eval/dvc.lock": LOCK.encode(), "eval/dvc.yaml": PIPELINE.encode()})
    pipelines = DvcPipelines()
    train = pipelines.find(tmp_path, "eval/build/adapter")
    assert train is not None
    assert train.folder == "eval/sub"
    assert outputs([train.stage]) == {"eval/build/adapter"}
    trained = Stage(
        stage="train", cmd="", deps=(), outs=({"path": "build/adapter"},), lock=train.stage.lock
    )
    wanted = [
        Evaluation.model_construct(suite="dates", source=source)
        for source in ("eval/out/dates.jsonl", "eval/ring.txt", "../out", "", "elsewhere.jsonl")
    ]
    recipes = scoring(tmp_path, trained, wanted, pipelines)
    assert [recipe.stage.stage for recipe in recipes] == ["generate", "judge"]
    assert recipes[0].commands == ("echo a", "echo b")
    assert {recipe.folder for recipe in recipes} == {"eval"}
    assert scoring(tmp_path, trained, wanted[1:], pipelines) == []


def test_outputs_outside_of_the_tree_are_not_ours(tmp_path: Path) -> None:
    outs = tuple({"path": path} for path in ("a", "/etc/x", "../y", "s3://b/k", ".git/x"))
    found = outputs([Stage(stage="s", cmd="", deps=(), outs=outs, lock="sha256:" + "0" * 64)])
    assert found == {"a"}


# The interpreter.

RECORDED = Environment(
    python="3.11.7", platform="x", lock=Unknown(unknown="none"),
    packages="sha256:" + "0" * 64, accelerator=Unknown(unknown="none"),
)  # fmt: skip


def differ(then: dict[str, str], now: dict[str, str], *, python: str = "3.11.9") -> list[str]:
    found = CapturedEnvironment(python=python, platform="y", packages=now, lock=None)
    return differences(RECORDED, PackageList(packages=then), found)


def test_environments_differ_by_what_can_change_a_training() -> None:
    assert differ({"A_b": "1", "ft-registry": "0.1"}, {"a-B": "1", "ft_registry": "0.2"}) == []
    assert differ({"a": "1", "b": "1"}, {"a": "2", "c": "3"}) == [
        "a 1 -> 2", "b 1 -> none", "c none -> 3",
    ]  # fmt: skip
    assert differ({}, {}, python="3.12.1") == ["Python 3.11.7 -> 3.12.1"]


def test_the_python_that_is_here_is_taken_when_it_fits_or_is_asked_for(tmp_path: Path) -> None:
    runner = ShellRunner({})
    for choice, differing, state in (
        ("auto", [], "ok"), ("here", [], "ok"), ("here", ["a 1 -> 2"], "differs"),
    ):  # fmt: skip
        settings, told = choose_settings(
            Wishes(choice),  # type: ignore[arg-type]
            differing, recorded=RECORDED, packages=PackageList(packages={}), into=tmp_path,
            runner=runner,
        )  # fmt: skip
        assert settings.programs == runner.here()
        assert told.state == state
    assert "a 1 -> 2" in told.detail


# Whose repository.


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://github.com/Team/repo.git", "git@github.com:Team/repo", True),
        ("ssh://git@github.com:22/Team/repo.git/", "https://GitHub.com/Team/repo", True),
        ("/srv/repo.git", "/srv/repo", True),
        ("https://github.com/team/repo", "https://github.com/team/other", False),
        ("https://github.com/team/repo", "https://gitlab.com/team/repo", False),
        ("https://github.com/team/repo", "/github.com/team/repo", False),
        ("https://evil.org/@github.com/team/repo", "https://github.com/team/repo", False),
    ],
)
def test_a_repository_is_known_by_host_and_path(one: str, other: str, same: bool) -> None:
    assert same_repository(one, other) is same
    assert same_repository(other, one) is same
