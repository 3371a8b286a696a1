"""The check ``plugin``: an installed package decides."""

import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from copy import deepcopy
from importlib.metadata import EntryPoint, entry_points

from ft_registry.actions.checks.case import Case
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts, plain
from ft_registry.gates.plugin import GROUP, CheckFacts, judge_plugin
from ft_registry.model.canonical import parse_json
from ft_registry.model.evaluation import in_force
from ft_registry.model.policy_checks import PluginCheck


def check_plugin(check: PluginCheck, case: Case) -> Answer:
    """Asks a plugin, if code that the policy names may run here. What it raises is a no."""
    if not case.tools.allow_commands:
        return Answer(
            "inconclusive",
            "a plugin of the policy may not run here: --allow-commands says that you know it",
        )
    found = list(entry_points(group=GROUP, name=check.check))
    if len(found) != 1:
        return Answer("fail", _none_or_many(check.check, found))
    try:
        facts = _facts(case)
    except FtRegistryError as error:
        open_ = Facts()
        open_.meets(error)
        return open_.answer()
    try:
        # What it prints is no result of ours.
        with redirect_stdout(sys.stderr):
            answer = found[0].load()(deepcopy(check.settings), facts)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the code of others raises
        words = plain(f"{type(error).__name__}: {error}")
        return Answer("fail", f"the plugin {check.check} gave no answer, it raised {words}")
    return judge_plugin(check.check, answer)


def _facts(case: Case) -> CheckFacts:
    evaluations = in_force(case.measured.evaluations)
    for one in evaluations:
        case.note(one)
    return CheckFacts(
        model=case.version.model,
        version=case.version.number,
        alias=case.alias,
        record=parse_json(case.filed.content, what=f"the record of {case.version}"),
        evaluations=[one.as_json() for one in evaluations],
    )


def _none_or_many(name: str, found: Sequence[EntryPoint]) -> str:
    if not found:
        known = sorted(one.name for one in entry_points(group=GROUP))
        return (
            f"no installed package has the plugin {name} (group {GROUP}): install the one that "
            f"does; here are: {', '.join(known) or 'none'}"
        )
    packages = ", ".join(sorted(one.dist.name if one.dist else "?" for one in found))
    return f"several packages have a plugin {name}: {packages}; one of them has to go"
