"""The check ``command``: a program of the user's own decides."""

import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.checks.case import Case
from ft_registry.errors import FtRegistryError
from ft_registry.gates.answer import Answer
from ft_registry.gates.facts import Facts, plain
from ft_registry.model.policy_checks import CommandCheck
from ft_registry.model.verdict import Outcome
from ft_registry.ports.recipe import Ran, RunSettings

_PASSES, _CANNOT_DECIDE = 0, 7
_PLACE = re.compile(r"\{(ref|model|version|alias)\}")
_LINES = 3
_TAIL = 4096


def check_command(check: CommandCheck, case: Case) -> Answer:
    """Runs the command at the top level of the work tree, if commands may run here.

    It gets a clean environment, with the few variables that the policy names; all that it started
    has ended when it is judged.
    """
    if not case.tools.allow_commands:
        return Answer(
            "inconclusive",
            "a command of the policy may not run here: --allow-commands says that you have read it",
        )
    command = filled_in(check.run, case)
    try:
        top = case.tools.evidence().top
        case.tools.scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="command-", dir=case.tools.scratch) as folder:
            output = Path(folder) / "output"
            runner = case.tools.runner()
            settings = RunSettings(
                home=Path(folder) / "home",
                programs=runner.here(),
                passed=check.env,
                seconds=check.timeout_seconds,
                output=output,
            )
            ran = runner.run(command, folder=top, settings=settings)
            return _judged(ran, check.timeout_seconds, _last_lines(output))
    except FtRegistryError as error:
        facts = Facts()
        facts.meets(error)
        return facts.answer()


def filled_in(command: str, case: Case) -> str:
    """Returns a command line with the version's names in place of ``{ref}`` and the like."""
    values = {
        "ref": str(case.version),
        "model": case.version.model,
        "version": str(case.version.number),
        "alias": case.alias,
    }
    return _PLACE.sub(lambda found: shlex.quote(values[found[1]]), command)


def _judged(ran: Ran, seconds: float, said: str) -> Answer:
    outcome: Outcome = "fail"
    if not ran.in_time:
        found = f"it had not ended after {seconds:g} seconds, and was stopped"
    elif ran.status < 0:
        found = f"it was ended by signal {-ran.status}"
    else:
        outcomes: dict[int, Outcome] = {_PASSES: "pass", _CANNOT_DECIDE: "inconclusive"}
        outcome = outcomes.get(ran.status, "fail")
        found = f"it ended with {ran.status}"
    return Answer(outcome, f"{found}: {said}" if said else f"{found}, and printed nothing")


def _last_lines(output: Path) -> str:
    with output.open("rb") as stream:
        stream.seek(max(output.stat().st_size - _TAIL, 0))
        lines = stream.read().decode("utf-8", "replace").splitlines()
    return plain(" / ".join([line for line in lines if line.strip()][-_LINES:]), end=True)
