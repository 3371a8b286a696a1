"""Rows 32 to 47: what is wrong with scores, policies and configurations."""

import json
from collections.abc import Sequence
from typing import Any

from tests.catalogue.rows import Row, case
from tests.cli.project import Project

PROMOTE = ("promote", "m/1", "--to", "champion", "--reason", "r")


def scores(project: Project, value: Any, *, text: str | None = None) -> Sequence[str]:
    """Writes an evaluation with this score; returns what puts it on record."""
    written = text or json.dumps({"id": "q1", "f1": value})
    project.write("scores.jsonl", f"{written}\n" + '{"id": "q2", "f1": 1}\n')
    return "eval", "add", "m/1", "scores.jsonl"


def ruled(project: Project, *checks: str) -> Sequence[str]:
    """Puts a policy of such checks in force; returns what asks it."""
    text = "aliases:\n  champion:\n    all:\n" + "".join(f"      - {one}\n" for one in checks)
    project.write("policy.yaml", text)
    project.done("policy", "apply", "policy.yaml", "--reason", "from now on")
    return PROMOTE


def policy(project: Project, text: str) -> Sequence[str]:
    """Writes a policy; returns what looks at it."""
    project.write("policy.yaml", text)
    return "policy", "check", "policy.yaml"


def configured(project: Project, text: str, *, name: str = "train.yaml") -> Sequence[str]:
    """Writes a configuration; returns what registers weights with it."""
    project.write(name, text)
    project.adapter("ad3")
    project.write(".git/info/exclude", f"/{name}\n")
    return "register", "m", "ad3", "--data", "data/train.jsonl", "--config", name


@case(1, "scores.jsonl", "NaN")
def a_score_that_is_no_number(project: Project) -> Sequence[str]:
    return scores(project, None, text='{"id": "q1", "f1": NaN}')


@case(1, "scores.jsonl")
def an_infinite_score(project: Project) -> Sequence[str]:
    return scores(project, None, text='{"id": "q1", "f1": -1e999}')


@case(0, changes=True)
def minus_nought_where_nought_is_asked(project: Project) -> Sequence[str]:
    project.write("scores.jsonl", '{"id": "q1", "f1": -0.0}\n')
    project.done("eval", "add", "m/1", "scores.jsonl", "--suite", "s")
    return ruled(project, "score: {suite: s, metric: f1, at_least: 0}")


@case(1, "scores.jsonl", "true")
def a_score_that_is_true(project: Project) -> Sequence[str]:
    return scores(project, True)


@case(1, "scores.jsonl")
def a_score_that_is_a_word(project: Project) -> Sequence[str]:
    return scores(project, "high")


@case(3, "bleu")
def a_metric_that_nobody_measured(project: Project) -> Sequence[str]:
    return ruled(project, "score: {suite: dates, metric: bleu, at_least: 0}")


@case(0, changes=True)
def a_metric_that_no_check_asks_for(project: Project) -> Sequence[str]:
    project.done(*scores(project, 0.0))
    return ruled(project, "score: {suite: dates, metric: exact_match, at_least: 0.1}")


@case(2, "nothing")
def an_empty_policy(project: Project) -> Sequence[str]:
    return policy(project, "")


@case(2, "at least one")
def a_rule_without_a_check(project: Project) -> Sequence[str]:
    return policy(project, "aliases: {champion: {all: []}}\n")


@case(2, "at_leest", "at_least", "line 4")
def a_key_that_is_misspelt(project: Project) -> Sequence[str]:
    check = "score: {suite: s, metric: f1, at_leest: 1}"
    return policy(project, f"aliases:\n  champion:\n    all:\n      - {check}\n")


@case(0, '"lr": "1e-4"', '"a": "no"', changes=True)
def values_that_yaml_1_1_reads_otherwise(project: Project) -> Sequence[str]:
    project.done(*configured(project, 'lr: "1e-4"\na: no\noctal: 010\nclock: 12:30:45\n'))
    return "show", "m/3"


@case(1, "train.yaml", "lr")
def a_key_twice_in_yaml(project: Project) -> Sequence[str]:
    return configured(project, "lr: 1\nlr: 2\n")


@case(1, "train.yaml")
def a_bomb_of_anchors(project: Project) -> Sequence[str]:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(1, 9):
        bomb += f"a{n}: &a{n} [{', '.join(9 * [f'*a{n - 1}'])}]\n"
    return configured(project, bomb)


@case(1, "train.json")
def a_configuration_nested_without_end(project: Project) -> Sequence[str]:
    return configured(project, "[" * 100_000 + "]" * 100_000, name="train.json")


@case(3, "scale fails")
def a_score_of_another_scale(project: Project) -> Sequence[str]:
    project.done(*scores(project, 90.0), "--suite", "s")
    return ruled(
        project,
        "score: {suite: s, metric: f1, at_least: 0.9}",
        "score: {name: scale, suite: s, metric: f1, at_most: 1}",
    )


@case(1, "ad2", "--trust")
def scores_of_another_adapter(project: Project) -> Sequence[str]:
    project.write("scores.json", json.dumps({
        "suite": "s", "model": "ad2", "items": [{"id": "q1", "f1": 1}],
    }))  # fmt: skip
    return "eval", "add", "m/1", "scores.json"


@case(7, changes=False)
def fewer_items_than_would_show_it(project: Project) -> Sequence[str]:
    items = [{"id": f"q{n}", "f1": 1} for n in range(12)]
    project.write("scores.jsonl", "".join(json.dumps(one) + "\n" for one in items))
    project.done("eval", "add", "m/1", "scores.jsonl", "--suite", "s")
    return ruled(project, "score: {suite: s, metric: f1, at_least: 0.9, by: lower_bound}")


@case(0, "x" * 9000, changes=True)
def a_configuration_longer_than_mlflow_keeps(project: Project) -> Sequence[str]:
    project.done(*configured(project, f"prompt: {'x' * 9000}\n"))
    return "show", "m/3"


@case(0, "/home/ada/corpus", "${HOME}/out", changes=True)
def paths_and_variables_in_a_configuration(project: Project) -> Sequence[str]:
    project.done(*configured(project, "corpus: /home/ada/corpus\nout: ${HOME}/out\n"))
    return "show", "m/3"


@case(0, '"version": 3', '"created": false', changes=True)
def a_configuration_in_another_order(project: Project) -> Sequence[str]:
    command = configured(project, '{"lr": 0.001, "epochs": 3}', name="train.json")
    project.done(*command)
    project.write("train.json", '{\n  "epochs": 3,\n  "lr": 1e-3\n}\n')
    return command


BAD = "cli/test_cli_bad_input.py::test_bad_input_is_told_as_one_document_and_changes_nothing"

ROWS = (
    Row(32, "a score that is NaN or infinite", "refused",
        (a_score_that_is_no_number, an_infinite_score),
        (f"{BAD}[register m ad1 --eval nan.jsonl]",)),
    Row(33, "a score of -0.0", "is 0", (minus_nought_where_nought_is_asked,)),
    Row(34, "a score that is true, or a word", "refused",
        (a_score_that_is_true, a_score_that_is_a_word)),
    Row(35, "a metric that the gate asks for and nobody measured", "the gate refuses",
        (a_metric_that_nobody_measured,),
        ("gates/test_checks_of_scores.py::test_no_evaluation_no_items_no_scores",)),
    Row(36, "a metric that no check asks for", "is on record and decides nothing",
        (a_metric_that_no_check_asks_for,)),
    Row(37, "a policy without a rule, a rule without a check", "refused; without any, `gate` fails",
        (an_empty_policy, a_rule_without_a_check),
        ("cli/test_cli_gate.py::test_without_a_policy_nothing_is_guarded_and_a_gate_fails",)),
    Row(38, "a key of the policy that is misspelt", "refused, with the line and what was meant",
        (a_key_that_is_misspelt,)),
    Row(39, "YAML with two meanings: `no`, `010`, keys twice, a bomb of anchors, endless nesting",
        "read as YAML 1.2, or refused",
        (values_that_yaml_1_1_reads_otherwise, a_key_twice_in_yaml, a_bomb_of_anchors,
         a_configuration_nested_without_end),
        ("unit/readers/test_reader_params.py"
         "::test_what_has_no_one_meaning_is_refused_with_its_file",)),
    Row(40, "a metric of which nobody says whether higher is better",
        "the check refuses until `higher_is_better` says so",
        tests=("gates/test_checks_of_scores.py"
               "::test_the_direction_is_what_the_scores_say_or_else_the_check",), ends=(3,)),
    Row(41, "a score of another scale, 90 for 0.9", "the gate refuses where a check bounds it",
        (a_score_of_another_scale,)),
    Row(42, "scores that name another model or other data", "refused; `--trust` is on record",
        (scores_of_another_adapter,),
        ("cli/test_cli_eval.py::test_a_file_of_another_model_is_refused_unless_trusted",
         "cli/test_cli_eval_claims.py::test_register_takes_no_scores_of_other_weights")),
    Row(43, "scores that are older than what they are asked for", "the gate's `freshness` refuses",
        tests=("gates/test_check_freshness.py::test_days_count_from_when_it_was_measured",),
        ends=(3,)),
    Row(44, "fewer items than would show it", "undecided, with how many would do",
        (fewer_items_than_would_show_it,),
        ("gates/test_comparing.py::test_too_few_items_decide_nothing",)),
    Row(45, "a configuration longer than MLflow keeps", "whole in the record",
        (a_configuration_longer_than_mlflow_keeps,)),
    Row(46, "paths and variables in a configuration", "on record as they are written",
        (paths_and_variables_in_a_configuration,),
        ("unit/model/test_config_diff.py"
         "::test_the_same_folder_on_another_machine_is_noise_and_another_folder_is_not",)),
    Row(47, "other order, spacing or spelling of numbers", "the same configuration",
        (a_configuration_in_another_order,),
        ("unit/readers/test_reader_params.py"
         "::test_order_and_comments_do_not_change_the_digest",)),
)  # fmt: skip
