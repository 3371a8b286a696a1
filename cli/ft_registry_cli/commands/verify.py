"""``verify``: whether everything is still what it was."""

from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry_cli.healing import run_healing
from ft_registry_cli.progress import progress_of
from ft_registry_cli.state import State, command, size

if TYPE_CHECKING:
    from ft_registry.model.verification import Depth, Finding, Verification

_COLUMNS = 80
_TOLD = 10
"""Findings of one version that the text tells."""
_HEALED = ("artifact", "attachment", "loader", "data", "index")
_ASKED = ("artifact", "attachment", "data")
"""Of these a place is asked that may not answer."""
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
                help="NAME/7, NAME@champion, NAME/latest, NAME:LABEL [default: all].",
            ),
        ] = None,
        fast: Annotated[
            bool, typer.Option("--fast", help="Presence and sizes [default without REF].")
        ] = False,
        full: Annotated[
            bool, typer.Option("--full", help="SHA-256 of every byte [default with REF].")
        ] = False,
        heal: Annotated[
            bool, typer.Option("--heal", help="Put good copies in place of what is damaged.")
        ] = False,
        extra: Annotated[
            Path | None,
            typer.Option(
                "--from", metavar="DIR", show_default=False,
                help="With --heal: a folder more to look for weights in.",
            ),
        ] = None,
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="With --heal: print the plan; change nothing.")
        ] = False,
    ) -> None:  # fmt: skip
        """Prove that weights, data and ledger are what they were.

        Without REF all versions, by presence and size only: a flipped byte shows with --full alone.
        Exit code 4: damaged or lost. 6: a store did not answer, so that nobody knows.

        With --heal every byte is read, and what is damaged or missing is put back from any good
        copy: in the DVC cache, remotes, the work tree, other versions. What lay there is kept in
        quarantine. Exit code 4 then: there is no good copy of something.
        """
        from ft_registry.errors import BackendUnavailable, IntegrityError, InvalidInput

        if fast and full:
            raise InvalidInput("expected --fast or --full, found both")
        if heal and fast:
            raise InvalidInput("expected --fast or --heal, which reads every byte, found both")
        if not heal and (dry_run or extra is not None):
            option = "--dry-run" if dry_run else "--from"
            raise InvalidInput(f"expected --heal with {option}, found {option} alone")
        if heal:
            run_healing(state, reference, extra=extra, dry_run=dry_run)
            return
        depth: Depth = "full" if full or (reference and not fast) else "fast"
        with progress_of(state) as progress:
            found = state.workspace.verify(reference, depth=depth, progress=progress)
        document = {
            "ok": found.ok,
            "depth": depth,
            "items": [finding.as_json() for finding in found.findings],
            "notes": list(found.notes),
        }
        state.emit(document, lambda: _text(found, depth))
        state.talk(*[f"note: {note}" for note in found.notes])
        if found.damage:
            if any(finding.kind in _HEALED for finding in found.damage):
                name = f" {reference}" if reference else ""
                state.talk(f"hint: ft-registry verify{name} --heal puts good copies back")
            raise typer.Exit(IntegrityError.exit_code)
        if found.undecided:
            raise typer.Exit(BackendUnavailable.exit_code)


def _text(found: "Verification", depth: "Depth") -> str:
    groups = [
        (subject or "ledger", list(findings))
        for subject, findings in groupby(found.findings, key=lambda finding: finding.subject)
    ]
    width = max((len(subject) for subject, _ in groups), default=0)
    lines: list[str] = []
    for subject, findings in groups:
        lines.append(f"{subject.ljust(width)}  {_verdict(findings)}  {_counts(findings)}".rstrip())
        lines += _told([finding for finding in findings if finding.state != "ok"])
    if depth == "fast":
        lines.append("presence and sizes only; --full reads every byte of weights and data")
    return "\n".join(lines)


def _verdict(findings: "list[Finding]") -> str:
    if any(finding.is_damage for finding in findings):
        return "DAMAGED"
    return "unknown" if any(finding.is_open for finding in findings) else "ok"


def _counts(findings: "list[Finding]") -> str:
    """Returns what was looked at, in numbers."""
    there: dict[str, dict[str, int]] = {}
    lost: dict[str, set[str]] = {}
    unasked: dict[str, set[str]] = {}
    parts = []
    for finding in findings:
        if finding.kind in _WORDS:
            word = _WORDS[finding.kind]
            names = there.setdefault(word, {})
            if finding.state == "unknown" and finding.kind in _ASKED:
                unasked.setdefault(word, set()).add(finding.name)
            elif finding.state == "missing":
                lost.setdefault(word, set()).add(finding.name)
            elif finding.state != "extra":
                names[finding.name] = finding.size or 0
        elif finding.state == "ok" and finding.found:
            parts.append(finding.found)  # the ledger counts for itself
    for word, sizes in there.items():
        if unknown := unasked.get(word, set()) - sizes.keys():
            is_store = any(name.startswith("models:/") for name in unknown)
            many = f"{len(unknown)} {word}{'s' if len(unknown) != 1 else ''} not checked"
            parts.append(f"store of {word}s not asked" if is_store else many)
        gone = len(lost.get(word, set()) - sizes.keys())
        all_of = len(sizes) + gone
        if not all_of:
            continue
        of = f" of {all_of}" if gone else ""
        parts.append(f"{len(sizes)}{of} {word}{'s' if all_of != 1 else ''}")
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
            lines += [f"{' ' * len(state)}at {finding.at}"] if finding.at else []
    if len(findings) > _TOLD:
        lines.append(f"  and {len(findings) - _TOLD} more: --json names them all")
    return lines


def _sides(finding: "Finding") -> str:
    from ft_registry.model.verification import shortened

    if finding.state == "unknown":
        return finding.found
    sides = [("expected", finding.expected), ("found", finding.found)]
    return shortened(", ".join(f"{word} {text}" for word, text in sides if text))
