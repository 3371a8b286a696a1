"""``doctor``: whether the set-up is sound, and what to do where it is not."""

from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.model.health import Diagnosis, Health

_COLUMNS = 80
_WORDS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM", "unchecked": "unknown"}


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "doctor")
    def doctor(
        state: State,
        offline: Annotated[
            bool, typer.Option("--offline", help="Ask no server and no remote.")
        ] = False,
    ) -> None:
        """Tell whether tools, git, ledger, DVC and MLflow are sound, and what to do.

        Works outside a registry and in half broken ones; changes nothing. Exit code 1: there is a
        problem. 6: the only problems are stores that do not answer. Warnings fail nothing.
        """
        import os

        from ft_registry.checkup import checkup
        from ft_registry.errors import BackendUnavailable, FtRegistryError

        found = checkup(state.root or Path.cwd(), offline=offline, environ=os.environ)
        state.emit(found.as_json(), lambda: _text(found))
        if found.is_only_away:
            raise typer.Exit(BackendUnavailable.exit_code)
        if not found.is_well:
            raise typer.Exit(FtRegistryError.exit_code)


def _text(found: "Health") -> str:
    lines: list[str] = []
    for group, rows in groupby(found.diagnoses, key=lambda row: row[0]):
        lines += [group, *(line for _, one in rows for line in _lines(one)), ""]
    counts = (("problem", found.count("problem")), ("warning", found.count("warning")))
    told = [f"{number} {word}{'s' if number != 1 else ''}" for word, number in counts if number]
    unknown = found.count("unchecked")
    lines.append(
        (", ".join(told) or "no problems") + (f", {unknown} not checked" if unknown else "")
    )
    return "\n".join(lines)


def _lines(one: "Diagnosis") -> list[str]:
    head = f"  {_WORDS[one.state]:<7}  "
    indent = " " * len(head)
    flat = " ".join(f"{one.check}: {one.found}".split())  # a name forges no line
    lines = _wrapped(flat, head, indent)
    for advice in one.advice if one.state != "ok" else ():
        lines += _wrapped(" ".join(advice.split()), f"{indent}> ", f"{indent}  ")
    return lines


def _wrapped(text: str, first: str, other: str) -> list[str]:
    return wrap(
        text, _COLUMNS, initial_indent=first, subsequent_indent=other, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
