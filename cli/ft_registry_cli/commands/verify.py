"""``verify``: whether everything is still what it was."""

import sys
import time
from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.state import State, command, size

if TYPE_CHECKING:
    from ft_registry.model.verification import Depth, Finding, Verification

_QUIET_SECONDS = 1.0
"""Work that takes no longer is done without a word."""
_REPAINT_SECONDS = 0.2
_COLUMNS = 80
_TOLD = 10
"""Findings of one version that the text tells."""
_WORDS = {"artifact": "file", "attachment": "attachment", "data": "dataset", "base": "base"}


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "verify")
    def verify(
        state: State,
        reference: Annotated[
            str | None,
            typer.Argument(
                metavar="REF", show_default=False,
                help="NAME/7, NAME@champion or NAME/latest [default: all].",
            ),
        ] = None,
        fast: Annotated[
            bool, typer.Option("--fast", help="Presence and sizes [default without REF].")
        ] = False,
        full: Annotated[
            bool, typer.Option("--full", help="SHA-256 of every byte [default with REF].")
        ] = False,
    ) -> None:  # fmt: skip
        """Prove that weights, data and ledger are what they were.

        Exit code 4: damaged or lost. 6: a store did not answer, so that nobody knows.
        """
        from ft_registry.errors import BackendUnavailable, IntegrityError, InvalidInput

        if fast and full:
            raise InvalidInput("expected --fast or --full, found both")
        depth: Depth = "full" if full or (reference and not fast) else "fast"
        line = _ProgressLine(shown=not state.quiet and sys.stderr.isatty())
        try:
            found = state.workspace.verify(
                reference, depth=depth, progress=line.show if line.shown else None
            )
        finally:
            line.clear()
        document = {
            "ok": found.ok,
            "depth": depth,
            "items": [finding.as_json() for finding in found.findings],
            "notes": list(found.notes),
        }
        state.emit(document, lambda: _text(found))
        state.talk(*[f"note: {note}" for note in found.notes])
        if depth == "fast":
            state.talk("note: presence and sizes were looked at; --full reads every byte")
        if found.damage:
            raise typer.Exit(IntegrityError.exit_code)
        if found.undecided:
            raise typer.Exit(BackendUnavailable.exit_code)


def _text(found: "Verification") -> str:
    groups = [
        (subject or "ledger", list(findings))
        for subject, findings in groupby(found.findings, key=lambda finding: finding.subject)
    ]
    width = max((len(subject) for subject, _ in groups), default=0)
    lines: list[str] = []
    for subject, findings in groups:
        lines.append(f"{subject.ljust(width)}  {_verdict(findings)}  {_counts(findings)}".rstrip())
        lines += _told([finding for finding in findings if finding.state != "ok"])
    return "\n".join(lines)


def _verdict(findings: "list[Finding]") -> str:
    if any(finding.is_damage for finding in findings):
        return "DAMAGED"
    return "unknown" if any(finding.is_open for finding in findings) else "ok"


def _counts(findings: "list[Finding]") -> str:
    """Returns what was looked at, in numbers."""
    names: dict[str, dict[str, int]] = {}
    parts = []
    for finding in findings:
        if finding.state == "missing":
            continue
        if finding.kind in _WORDS:
            names.setdefault(_WORDS[finding.kind], {})[finding.name] = finding.size or 0
        elif finding.state == "ok":
            parts.append(finding.found)  # the ledger counts for itself
    for word, sizes in names.items():
        parts.append(f"{len(sizes)} {word}{'s' if len(sizes) != 1 else ''}")
        if total := sum(sizes.values()):
            parts.append(size(total))
    return ", ".join(parts)


def _told(findings: "list[Finding]") -> list[str]:
    """Returns what is wrong or unknown, below the place where it was looked for."""
    lines = []
    for place, there in groupby(findings[:_TOLD], key=lambda finding: finding.place):
        lines += [f"  in {place}"] if place else []
        for finding in there:
            state = f"    {finding.state.ljust(7)}  "
            lines.append(state + " ".join(finding.name.split("\n")))  # a name forges no line
            lines += wrap(
                _sides(finding), _COLUMNS, initial_indent=" " * len(state),
                subsequent_indent=" " * len(state), break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
    if len(findings) > _TOLD:
        lines.append(f"  and {len(findings) - _TOLD} more: --json names them all")
    return lines


def _sides(finding: "Finding") -> str:
    from ft_registry.model.verification import shortened

    if finding.state == "unknown":
        return finding.found
    sides = [("expected", finding.expected), ("found", finding.found)]
    return shortened(", ".join(f"{word} {text}" for word, text in sides if text))


class _ProgressLine:
    """One line on a terminal that says how far the work is."""

    def __init__(self, *, shown: bool) -> None:
        self.shown = shown
        self._painted = time.monotonic() + _QUIET_SECONDS - _REPAINT_SECONDS
        self._is_there = False

    def show(self, done: int, total: int) -> None:
        """Paints the line anew, now and then."""
        now = time.monotonic()
        if now - self._painted >= _REPAINT_SECONDS:
            self._painted = now
            self._is_there = True
            print(
                f"\r{size(done)} of {size(total)} read\x1b[K", end="", file=sys.stderr, flush=True
            )

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_there:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
