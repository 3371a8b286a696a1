"""`policy`, `gate`, and what `promote` asks of them, as processes."""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project, items

from ft_registry.errors import Conflict, GateRefused

pytestmark = pytest.mark.integration

COMPARE = """\
aliases:
  champion:
    all:
      - compare: {suite: sums, metric: exact_match, against: "@champion", test: superior,
                  absent: pass, higher_is_better: true}
      - data: {min_examples: 100, max_faults: 0}
"""  # fmt: skip
MODELS = """\
models:
  m: {aliases: {champion: {all: [data: {min_examples: 100}]}}}
  mm: {aliases: {champion: {all: [data: {min_examples: 100}]}}}
"""
ITEMS = 120


def scored(project: Project, version: int, right: Iterable[int], *, count: int = ITEMS) -> None:
    """Puts an evaluation of a version on record, some items of which are right."""
    chosen = set(right)
    lines = [
        {"id": f"q{n}", "exact_match": int(n in chosen), "prompt": f"what is {n}?",
         "target": str(n), "answer": str(n) if n in chosen else "?"}
        for n in range(count)
    ]  # fmt: skip
    file = project.write(f"s{version}.jsonl", "".join(json.dumps(one) + "\n" for one in lines))
    project.done("eval", "add", f"m/{version}", file, "--suite", "sums")


def apply(project: Project, text: str) -> Any:
    project.write("policy.yaml", text)
    return project.done("policy", "apply", "policy.yaml", "--reason", "from now on")


@pytest.fixture
def gated(seeded: Project) -> Project:
    """Champion is m/2 with half of its items right; m/3 is better, m/4 much worse; a policy."""
    for number in (3, 4):
        seeded.adapter(f"ad{number}")
        seeded.done("register", "m", f"ad{number}", "--data", "data/train.jsonl", "--method", "sft")
    scored(seeded, 2, range(60))
    scored(seeded, 3, range(20, 110))
    scored(seeded, 4, range(20))
    apply(seeded, COMPARE)
    return seeded


def test_without_a_policy_nothing_is_guarded_and_a_gate_fails(seeded: Project) -> None:
    outcome = seeded.cli("gate", "m/1", "--to", "champion")
    assert outcome.code == 3
    assert "no policy is in force" in outcome.stdout
    assert seeded.cli("policy", "show").code == 1
    assert seeded.done("promote", "m/1", "--to", "champion")["to"] == 1


def test_a_policy_is_on_record_and_applied_once(seeded: Project) -> None:
    first = apply(seeded, COMPARE)
    assert (first["changed"], first["previous"]) == (True, None)
    assert apply(seeded, COMPARE)["changed"] is False
    second = apply(seeded, COMPARE + "others: allow\n")
    assert second["previous"] == first["policy"]
    shown = seeded.done("policy", "show")
    assert shown["text"] + "\n" == COMPARE + "others: allow\n"
    log = seeded.done("policy", "log")
    assert [one["policy"] for one in log] == [second["policy"], first["policy"]]
    assert log[0]["reason"] == "from now on"
    assert seeded.git("show", "ft-registry:policy.yaml") == shown["text"]
    assert seeded.done("verify")["ok"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("policy", "check", "absent.yaml"), 1, "no file"),
        (("policy", "check", "wrong.yaml"), 2, "line 2"),
        (("policy", "apply", "wrong.yaml", "--reason", "x"), 2, "line 2"),
        (("policy", "apply", "policy.yaml", "--reason", " "), 2, "a reason"),
        (("policy", "apply", "policy.yaml"), 2, "--reason"),
        (("gate", "m/9", "--to", "champion"), 1, "no m/9"),
        (("gate", "m/1", "--to", "Champion"), 2, "lower case"),
        (("gate", "m/1", "--to", "champion", "--format", "xml"), 2, "formats"),
        (("gate", "m/1"), 2, "--to"),
        (("promote", "m/3", "--to", "champion", "--override", "gate.x", "--reason", "y"), 2,
         "compare, data"),
        (("promote", "m/3", "--to", "champion", "--override", "gates", "--reason", "y"), 2, "gate"),
        (("promote", "m/3", "--to", "champion", "--override", "gate"), 2, "a reason"),
        (("policy", "backtest", "--of", "a b"), 2, "a model name"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)  # fmt: skip
def test_what_is_wrong_is_told_and_changes_nothing(
    gated: Project, arguments: tuple[str, ...], code: int, said: str
) -> None:
    gated.write("wrong.yaml", "aliases:\n  champion: {all: [scores: {}]}\n")
    before = gated.state()
    outcome = gated.cli(*arguments)
    assert (outcome.code, outcome.stdout) == (code, "")
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert gated.state() == before


def test_a_gate_that_is_asked_again_answers_with_the_verdict_on_record(gated: Project) -> None:
    gated.done("promote", "m/3", "--to", "champion", "--reason", "better")
    again = gated.cli("gate", "m/3", "--to", "champion")
    assert (again.code, "m/3 is @champion already" in " ".join(again.stdout.split())) == (0, True)
    scored(gated, 3, range(20, 112))
    changed = gated.cli("gate", "m/3", "--to", "champion")
    assert (changed.code, "it was promoted before" in " ".join(changed.stdout.split())) == (7, True)
    # One that a person let through by an override is no pass.
    gated.done("promote", "m/4", "--to", "champion", "--override", "gate", "--reason", "must")
    assert gated.cli("gate", "m/4", "--to", "champion").code == 7


def test_rules_of_a_model_that_nobody_registered_are_noticed(gated: Project) -> None:
    gated.write("typo.yaml", MODELS)
    told = "note: models: mm has rules, and no such model is registered; did you mean m?"
    checked = gated.cli("policy", "check", "typo.yaml")
    assert (checked.code, told.replace("note: ", "note: typo.yaml: ") in checked.stderr) == (
        0,
        True,
    )
    for arguments in (("--dry-run",), ()):
        applied = gated.cli("policy", "apply", "typo.yaml", "--reason", "x", *arguments)
        assert (applied.code, told in applied.stderr) == (0, True)
    assert checked.stderr.count("note:") == 1


def test_what_gates_said_is_shown_after_the_alias_has_left(gated: Project) -> None:
    gated.done("promote", "m/3", "--to", "champion", "--reason", "better")
    gated.done("promote", "m/4", "--to", "champion", "--override", "gate", "--reason", "must")
    gated.done("rollback", "m@champion", "--reason", "no good")
    (worse,) = gated.done("show", "m/4")["gates"]
    assert (worse["alias"], worse["outcome"], worse["overrides"]) == ("champion", "fail", ["gate"])
    assert worse["opponents"] == ["m/3"]
    assert [one["outcome"] for one in gated.done("show", "m/3")["gates"]] == ["pass"]
    assert gated.done("show", "m/1")["gates"] == []
    shown = gated.cli("show", "m/4").stdout
    assert "fail for @champion" in shown
    assert "overriding gate" in shown
    assert all(len(line) <= 80 for line in shown.partition("\ngate ")[2].splitlines())


def test_a_better_version_passes_and_the_verdict_goes_with_the_move(gated: Project) -> None:
    before = gated.state()
    outcome = gated.cli("--json", "gate", "m/3", "--to", "champion")
    assert outcome.code == 0, outcome.stdout
    assert gated.state() == before
    verdict = outcome.document["verdict"]
    assert (verdict["outcome"], verdict["version"], verdict["alias"]) == ("pass", 3, "champion")
    compared, data = verdict["result"]["findings"]
    found = compared["comparison"]
    # 50 items only m/3 gets right, 20 only m/2.
    assert (found["opponent"], found["gained"], found["lost"]) == ("m/2", 50, 20)
    assert found["p"] == pytest.approx(0.000218, abs=1e-5)
    assert data["outcome"] == "pass"
    assert [use["reference"] for use in verdict["opponents"]] == ["m/2"]
    moved = gated.done("promote", "m/3", "--to", "champion", "--reason", "better")
    assert moved["verdict"]["verdict"]["outcome"] == "pass"
    (path,) = [
        name for name in gated.git("ls-tree", "-r", "--name-only", "ft-registry").splitlines()
        if "/verdicts/" in name
    ]  # fmt: skip
    filed = json.loads(gated.git("show", f"ft-registry:{path}"))
    assert (filed["outcome"], filed["record"]) == ("pass", verdict["record"])
    assert filed["policy"] == gated.done("policy", "show")["digest"]
    event = json.loads(gated.git("show", "ft-registry:event.json"))
    required = {one["path"] for one in event["requires"]}
    assert {"policy.yaml", "models/m/aliases/champion.json"} <= required
    assert {use["path"] for use in filed["evaluations"]} <= required
    assert gated.done("verify")["ok"]
    shown = gated.client().get_model_version("m", "3")
    assert shown.tags["ftr.gate.champion"].startswith("pass against m/2, ")
    assert gated.done("status")["drift"] == []


def test_a_worse_version_is_refused_and_only_an_override_moves_it(gated: Project) -> None:
    assert gated.cli("gate", "m/4", "--to", "champion").code == 3
    before = gated.state()
    refused = gated.cli("--json", "promote", "m/4", "--to", "champion", "--reason", "newest")
    assert (refused.code, refused.stdout, refused.error["kind"]) == (3, "", "gate_refused")
    assert "compare fails" in refused.error["message"]
    assert gated.state() == before
    moved = gated.done(
        "promote", "m/4", "--to", "champion", "--override", "gate.compare", "--reason", "newest"
    )
    assert (moved["to"], moved["overrides"]) == (4, ["gate.compare"])
    assert moved["verdict"]["verdict"]["outcome"] == "fail"
    assert "overriding gate.compare" in gated.cli("log", "m@champion").stdout
    assert "overriding gate.compare" in gated.cli("show", "m@champion").stdout
    tag = gated.client().get_model_version("m", "4").tags["ftr.gate.champion"]
    assert tag.startswith("fail against m/2, overriding compare")
    # On-call goes back without asking the gate.
    assert gated.done("rollback", "m@champion", "--reason", "worse")["to"] == 2


def test_what_cannot_be_decided_is_exit_7(gated: Project) -> None:
    gated.adapter("ad5")
    gated.done("register", "m", "ad5", "--data", "data/train.jsonl", "--method", "sft")
    scored(gated, 5, range(1, 63))  # two items better: too few to tell
    outcome = gated.cli("gate", "m/5", "--to", "champion")
    assert outcome.code == 7
    assert "items" in outcome.stdout
    refused = gated.cli("--json", "promote", "m/5", "--to", "champion")
    assert (refused.code, refused.error["kind"]) == (7, "gate_inconclusive")


def test_a_version_that_was_not_measured_or_on_other_items_is_refused(gated: Project) -> None:
    outcome = gated.cli("gate", "m/1", "--to", "champion")
    assert outcome.code == 3
    assert "sums" in outcome.stdout
    gated.adapter("ad5")
    gated.done("register", "m", "ad5", "--data", "data/train.jsonl", "--method", "sft")
    scored(gated, 5, range(119), count=119)
    outcome = gated.cli("gate", "m/5", "--to", "champion")
    assert outcome.code == 3
    assert "119" in outcome.stdout


def test_an_alias_without_a_rule_is_refused_unless_others_are_allowed(gated: Project) -> None:
    outcome = gated.cli("--json", "promote", "m/3", "--to", "champoin")
    assert (outcome.code, outcome.error["kind"]) == (3, "gate_refused")
    apply(gated, COMPARE + "others: allow\n")
    assert gated.done("promote", "m/3", "--to", "shadow")["to"] == 3


def test_a_rollback_to_what_never_held_the_alias_asks_the_gate(gated: Project) -> None:
    outcome = gated.cli("rollback", "m@champion", "--to", "4", "--reason", "x")
    assert outcome.code == 3
    assert gated.done("rollback", "m@champion", "--to", "1", "--reason", "x")["to"] == 1


def test_a_move_in_between_makes_the_verdict_void(gated: Project) -> None:
    workspace = gated.workspace()
    plan = workspace.plan_promotion("m/3", "champion", reason="better")
    assert plan.decision is not None
    assert plan.decision.verdict.passes
    gated.done("rollback", "m@champion", "--reason", "somebody else", "--keep-good")
    with pytest.raises(Conflict):
        workspace.move(plan)
    assert gated.done("show", "m@champion")["version"] == 1


@pytest.mark.parametrize("what", ["policy", "evaluation", "opponent"])
def test_evidence_that_changes_in_between_makes_the_verdict_void(gated: Project, what: str) -> None:
    workspace = gated.workspace()
    plan = workspace.plan_promotion("m/3", "champion", reason="better")
    if what == "policy":
        apply(gated, COMPARE.replace("100", "101"))
    else:
        version = 3 if what == "evaluation" else 2
        scored_again = gated.write(
            "again.jsonl",
            "".join(json.dumps({"id": f"q{n}", "exact_match": n % 2}) + "\n" for n in range(ITEMS)),
        )
        gated.done("eval", "add", f"m/{version}", scored_again, "--suite", "sums", "--corrects")
    before = gated.head()
    with pytest.raises(Conflict):
        workspace.move(plan)
    assert gated.head() == before


def test_two_that_pass_against_one_champion_cannot_both_replace_it(gated: Project) -> None:
    gated.adapter("ad5")
    gated.done("register", "m", "ad5", "--data", "data/train.jsonl", "--method", "sft")
    scored(gated, 5, range(20, 111))
    one = gated.start("promote", "m/3", "--to", "champion", "--reason", "a")
    other = gated.start("promote", "m/5", "--to", "champion", "--reason", "b")
    codes = sorted((one.wait(120), other.wait(120)))
    for process in (one, other):
        process.communicate()
    assert codes[0] == 0
    # The loser met another champion than it was judged against, or was judged against the winner.
    assert codes[1] in (3, 5, 7)


def test_a_policy_that_was_written_by_hand_decides_nothing(gated: Project, tmp_path: Path) -> None:
    tree = tmp_path / "ledger"
    gated.git("worktree", "add", "--quiet", str(tree), "ft-registry")
    (tree / "policy.yaml").write_text("others: allow\n")
    gated.git("commit", "--quiet", "-am", "promote everything", cwd=tree)
    gated.git("worktree", "remove", str(tree))
    for command in (("gate", "m/4"), ("promote", "m/4")):
        outcome = gated.cli("--json", *command, "--to", "champion")
        assert (outcome.code, outcome.stdout) == (4, "")


def test_a_policy_is_replayed_over_the_past(gated: Project) -> None:
    gated.done("promote", "m/3", "--to", "champion", "--reason", "better")
    found = gated.done("policy", "backtest")
    assert [(one["version"], one["outcome"]) for one in found] == [
        ("m/1", "pass"), ("m/2", "fail"), ("m/3", "pass"),
    ]  # fmt: skip
    gated.write("free.yaml", "others: allow\n")
    loose = gated.done("policy", "backtest", "free.yaml", "--of", "m@champion")
    assert {one["outcome"] for one in loose} == {"pass"}
    text = gated.cli("policy", "backtest").stdout
    assert "3 promotions: 2 pass, 1 fail, 0 inconclusive" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_counter_tells_how_often_a_test_set_decided(gated: Project) -> None:
    gated.write("held.jsonl", "".join(json.dumps({"prompt": f"h{n}", "completion": "c"}) + "\n"
                                      for n in range(ITEMS)))  # fmt: skip
    gated.done("data", "snapshot", "held.jsonl")
    for version in (2, 3):
        file = gated.root / f"s{version}.jsonl"
        gated.done(
            "eval", "add", f"m/{version}", file, "--suite", "sums", "--data", "held", "--corrects"
        )
    first = gated.done("promote", "m/3", "--to", "champion")["verdict"]["verdict"]["uses"]
    assert list(first.values()) == [0]
    again = gated.cli("--json", "gate", "m/2", "--to", "champion").document["verdict"]["uses"]
    assert list(again.values()) == [1]


def test_the_python_api_refuses_as_the_command_does(gated: Project) -> None:
    with pytest.raises(GateRefused):
        gated.workspace().plan_promotion("m/4", "champion", reason="newest")


def test_what_was_moved_in_mlflow_is_not_adopted_around_the_gate(gated: Project) -> None:
    gated.client().set_registered_model_alias("m", "champion", "4")
    outcome = gated.cli("sync", "--adopt")
    assert outcome.code == 5
    assert "a policy guards it" in outcome.stdout + outcome.stderr
    assert gated.done("show", "m@champion")["version"] == 2
    gated.client().set_registered_model_alias("m", "champion", "1")  # it named it before
    gated.done("sync", "--adopt")
    assert gated.done("show", "m@champion")["version"] == 1


def test_a_promotion_that_no_gate_was_asked_for_is_found(gated: Project) -> None:
    workspace = gated.workspace()
    plan = workspace.plan_promotion("m/3", "champion", reason="better")
    workspace.move(replace(plan, decision=None))
    outcome = gated.cli("verify")
    assert outcome.code == 4
    assert "no gate was asked" in " ".join(outcome.stdout.split())


def by_hand(gated: Project, tmp_path: Path, change: Callable[[Path], object]) -> None:
    """Commits a change on top of the ledger, as somebody would who goes around ft-registry."""
    tree = tmp_path / "ledger"
    gated.git("worktree", "add", "--quiet", str(tree), "ft-registry")
    change(tree)
    gated.git("commit", "--quiet", "--all", "--message", "by hand", cwd=tree)
    gated.git("worktree", "remove", "--force", str(tree))


def refused_as_forged(gated: Project, version: int) -> None:
    for command in ("gate", "promote"):
        outcome = gated.cli("--json", command, f"m/{version}", "--to", "champion")
        assert (outcome.code, outcome.stdout) == (4, ""), command


def test_a_policy_that_was_taken_away_by_hand_still_guards(gated: Project, tmp_path: Path) -> None:
    by_hand(gated, tmp_path, lambda tree: (tree / "policy.yaml").unlink())
    refused_as_forged(gated, 4)
    assert gated.cli("policy", "show").code == 4
    assert apply(gated, COMPARE)["changed"]
    assert gated.cli("gate", "m/4", "--to", "champion").code == 3


def test_scores_that_were_changed_by_hand_decide_nothing(gated: Project, tmp_path: Path) -> None:
    def tweak(tree: Path) -> None:
        (file,) = (tree / "models/m/evaluations/0/4").glob("sums-*.json")
        value = json.loads(file.read_text())["scores"][0]["value"]
        file.write_text(file.read_text().replace(str(value), "0.9999"))

    by_hand(gated, tmp_path, tweak)
    refused_as_forged(gated, 4)


def test_scores_that_were_taken_away_by_hand_are_missed(gated: Project, tmp_path: Path) -> None:
    def remove(tree: Path) -> None:
        for file in (tree / "models/m/evaluations/0/1").glob("*.json"):
            file.unlink()

    by_hand(gated, tmp_path, remove)  # of the opponent, its only one
    gated.done("rollback", "m@champion", "--to", "1", "--reason", "x")
    refused_as_forged(gated, 3)


def test_an_opponent_that_was_moved_by_hand_is_none(gated: Project, tmp_path: Path) -> None:
    apply(gated, COMPARE + "others: allow\n")
    gated.done("promote", "m/3", "--to", "staging")
    apply(gated, COMPARE.replace("@champion", "@staging") + "others: allow\n")
    path = "models/m/aliases/staging.json"
    state = json.loads(gated.git("show", f"ft-registry:{path}"))
    text = json.dumps(state | {"version": 4})
    by_hand(gated, tmp_path, lambda tree: (tree / path).write_text(text))
    outcome = gated.cli("--json", "gate", "m/2", "--to", "champion")
    assert (outcome.code, outcome.stdout) == (4, "")


def test_an_evaluation_that_arrives_in_between_counts(gated: Project) -> None:
    workspace = gated.workspace()
    plan = workspace.plan_promotion("m/3", "champion", reason="better")
    scored(gated, 3, range(20))
    before = gated.head()
    with pytest.raises(Conflict, match="measured or corrected meanwhile"):
        workspace.move(plan)
    assert gated.head() == before


def test_to_take_an_alias_away_lowers_no_bar(gated: Project) -> None:
    gated.client().delete_registered_model_alias("m", "champion")
    gated.done("sync", "--adopt")
    outcome = gated.cli("gate", "m/4", "--to", "champion")
    assert outcome.code == 3
    assert "never to have named one" in " ".join(outcome.stdout.split())


@pytest.mark.parametrize("name", ["gate.gate", "gate.", "gates"])
def test_a_gate_is_set_aside_by_its_name_alone(gated: Project, name: str) -> None:
    outcome = gated.cli("promote", "m/4", "--to", "champion", "--override", name, "--reason", "x")
    assert (outcome.code, outcome.stdout) == (2, "")


@pytest.mark.parametrize("lost", ["version", "logged model"])
def test_a_version_that_is_made_again_shows_its_gate(gated: Project, lost: str) -> None:
    gated.done("promote", "m/3", "--to", "champion", "--reason", "better")
    client = gated.client()
    shown = client.get_model_version("m", "3")
    if lost == "logged model":
        client.delete_logged_model(shown.source.removeprefix("models:/"))
    client.delete_model_version("m", "3")
    gated.done("sync", "--restore")
    again = client.get_model_version("m", "3")
    assert again.tags["ftr.gate.champion"] == shown.tags["ftr.gate.champion"]
    assert gated.done("status")["drift"] == []
    folder = again.source.removeprefix("models:/")
    names = {file.name for file in (gated.root / "mlartifacts").rglob(f"{folder}/**/ftr/gates/*")}
    assert names == {"champion.json", "champion.html"}


@pytest.mark.parametrize("measured", [3, 2, 4], ids=["candidate", "opponent", "neither"])
def test_a_promotion_that_waits_here_is_decided_anew_after_what_others_measured(
    gated: Project, tmp_path: Path, measured: int
) -> None:
    gated.git("init", "--quiet", "--bare", str(tmp_path / "team.git"))
    gated.git("remote", "add", "team", str(tmp_path / "team.git"))
    database = f"sqlite:///{gated.root / 'mlflow.db'}"
    env = {"FT_REGISTRY_LEDGER_REMOTE": "team", "MLFLOW_TRACKING_URI": database}
    gated.done("sync", env=env)
    other = Project(Path(shutil.copytree(gated.root, tmp_path / "other", symlinks=True)))
    gated.done("promote", "m/3", "--to", "champion", "--reason", "better", "--offline", env=env)
    file = other.write("later.jsonl", items(ITEMS, good=3 if measured == 3 else 119))
    other.done("eval", "add", f"m/{measured}", file, "--suite", "sums", env=env)
    outcome = gated.cli("--json", "sync", env=env)
    if measured == 4:
        assert outcome.code == 0
        assert gated.done("show", "m@champion", env=env)["version"] == 3
        return
    assert (outcome.code, outcome.stdout) == (5, "")
    assert "promote m/3 to champion" in outcome.error["message"]
    assert "decided anew" in outcome.error["hints"][0]
    gated.done("sync", "--restore", env=env)
    assert gated.done("show", "m@champion", env=env)["version"] == 2
    assert gated.cli("promote", "m/3", "--to", "champion", env=env).code in (3, 7)
    assert gated.cli("verify", env=env).code == 0
