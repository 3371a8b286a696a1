"""What every command shares: the three global options, and how results are printed."""

import inspect
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ft_registry.workspace import Workspace

BROKEN_PIPE = 141
"""The exit code that a shell gives to a program whose reader went away."""

Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        show_default=False,
        help="The git repository [default: around here].",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]
Offline = Annotated[
    bool, typer.Option("--offline", help="Leave the ledger's remote alone; events wait here.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan; change nothing.")]
Corrects = Annotated[
    bool, typer.Option("--corrects", help="It replaces what the suite has measured so far.")
]
AllowPartial = Annotated[
    bool, typer.Option("--allow-partial", help="Take a run that was limited or cut off.")
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Take scores that name another model; stays on record.")
]

AllowSecret = Annotated[
    str | None,
    typer.Option(metavar="REASON", help="Take what looks like a secret; stays on record."),
]


@dataclass(frozen=True)
class State:
    """The global options of one call."""

    root: Path | None
    json: bool
    quiet: bool
    offline: bool = False

    @cached_property
    def workspace(self) -> "Workspace":
        """The workspace around the root."""
        from ft_registry.workspace import Workspace

        return Workspace.open(self.root, offline=self.offline)

    def close(self) -> None:
        """Closes the workspace, if it was opened."""
        if "workspace" in vars(self):
            self.workspace.close()

    def emit(self, document: Any, text: str | Callable[[], str]) -> None:
        """Prints a result: the document with ``--json``, else the text."""
        if self.json:
            as_it_is = sys.stdout.encoding.lower() in ("utf-8", "utf8")
            content = json.dumps(document, ensure_ascii=not as_it_is)
            # The same values: a terminal may be what reads them.
            _print(_OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", content))
            return
        shown = text() if callable(text) else text
        if shown:
            _print(printable(shown))

    def talk(self, *lines: str) -> None:
        """Tells a person something that is no result."""
        if not self.quiet:
            for line in lines:
                print(printable(line), file=sys.stderr)


def _print(text: str) -> None:
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError as error:
        raise typer.Exit(BROKEN_PIPE) from error  # typer would make it an error


def command(
    app: typer.Typer, name: str, *, network: bool = False
) -> Callable[..., Callable[..., None]]:
    """Registers a command whose function takes the state first; adds the global options to it.

    The global options stand before and after the command's name.

    Args:
        app: Where to register it.
        name: What it is called.
        network: It uses the ledger's remote, where one is configured: `--offline` says not to.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]
        shared = [
            inspect.Parameter(
                name_, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=type_
            )
            for name_, default, type_ in (
                ("root", None, Root),
                ("as_json", False, Json),
                ("quiet", False, Quiet),
                *([("offline", False, Offline)] if network else []),
            )
        ]
        context = inspect.Parameter(
            "context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
        )

        @wraps(function)
        def call(context: typer.Context, **values: Any) -> None:
            above: State = context.find_root().obj
            state = State(
                root=values.pop("root") or above.root,
                json=values.pop("as_json") or above.json,
                quiet=values.pop("quiet") or above.quiet,
                offline=values.pop("offline") if network else False,
            )
            try:
                function(state, **values)
            finally:
                state.close()

        own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
        call.__signature__ = signature.replace(parameters=[context, *own, *shared])  # type: ignore[attr-defined]
        app.command(name)(call)
        return call

    return register


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns columns of text, each as wide as its widest cell."""
    if not rows:
        return ""
    cells = [list(header), *[[printable(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def printable(text: str) -> str:
    """Returns text without what a terminal would obey: control characters, bidi overrides."""
    return _OBEYED.sub("\N{REPLACEMENT CHARACTER}", text)


_OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""All but the end of a line."""


def short(digest: str) -> str:
    """Returns the first twelve digits of a digest."""
    return digest.removeprefix("sha256:")[:12]


def size(count: int) -> str:
    """Returns a number of bytes for people."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
