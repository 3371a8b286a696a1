"""``advise``: prompt, retrieval or fine-tune? What the evidence on record implies."""

from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.columns import COLUMNS, folded
from ft_registry_cli.state import State, command, short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ft_registry.advice.statement import Advice, Evidence, Statement

_MARKS = {"supported": "+", "against": "-", "missing": "?"}
_TOPIC = 16
_INDENT = " " * (_TOPIC + 4)


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "advise")
    def advise(
        state: State,
        name: Annotated[str, typer.Argument(metavar="NAME", help="The model.")],
    ) -> None:
        """Prompt, RAG or fine-tune? Tell what the evidence on record implies.

        Champion and newest version are judged against every baseline, by the tests of the gates.
        Marks: + carried by evidence, - evidence against it, ? too little is on record. The exit
        code is 0 whatever is found: it is advice, and a gate decides.
        """
        found = state.workspace.gates.advise(name)
        state.emit(found.as_json(), lambda: "\n".join(_lines(found)))


def _lines(found: "Advice") -> "Iterator[str]":
    step = found.step or "undecided"
    yield from folded([f"{found.model}: {step}: {found.words}"])
    yield ""
    for one in found.statements:
        yield from _statement(one)


def _statement(one: "Statement") -> "Iterator[str]":
    first, *rest = _wrapped(one.words)
    yield f"{_MARKS[one.what]} {one.topic.ljust(_TOPIC)}  {first}"
    yield from (_INDENT + line for line in rest)
    if one.evidence:
        cited = "; ".join(map(_cited, one.evidence))
        yield from (_INDENT + line for line in _wrapped(f"see {cited}"))
    if one.next:
        yield from (_INDENT + line for line in _wrapped(f"next: {one.next}"))


def _cited(one: "Evidence") -> str:
    return f"{one.document} ({short(one.digest)})"


def _wrapped(text: str) -> list[str]:
    """Returns a text in lines that fit beside the topics."""
    return [line.lstrip(" ") for line in folded([" ".join(text.split())], COLUMNS - len(_INDENT))]
