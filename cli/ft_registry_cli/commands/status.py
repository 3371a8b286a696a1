"""``status``: the registry in a few lines, and what differs from it in MLflow and the remote."""

from datetime import UTC, datetime
from textwrap import wrap
from typing import TYPE_CHECKING

import typer

from ft_registry_cli import remote_words
from ft_registry_cli.state import State, command, short, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ft_registry.actions.status import Status
    from ft_registry.model.drift import Drift

_WIDEST = 80
"""Characters of a line, and of a cell; `--json` has all of it."""
_INDENT = " " * 10
"""Below the first line of what does not fit into one."""


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "status", network=True)
    def status(state: State) -> None:
        """Sum up models and aliases; name each drift between ledger and MLflow.

        Reads MLflow's database, or asks its server for 10 seconds at most. The ledger's remote is
        not asked: it is shown as it was when a command asked it last.
        """
        workspace = state.workspace
        found = workspace.status()
        document = {
            "root": str(workspace.place.home),
            "head": found.head,
            "last_event": {"time": found.last.event.time, "subject": found.last.event.subject},
            "models": [
                {"name": m.name, "versions": m.versions, "latest": m.latest, "aliases": m.aliases}
                for m in found.models
            ],
            "mlflow_uri": workspace.mlflow.shown,
            "ledger_remote": remote_words.as_json(found.remote),
            "drift_checked": not found.unchecked,
            "drift_unchecked_reason": found.unchecked,
            "drift": [drift.as_json() for drift in found.drift],
        }
        lines = [
            f"registry  {workspace.place.home}",
            f"mlflow    {workspace.mlflow.shown}",
            f"ledger    {short(found.head)}",
            f"last      {found.last.event.time[:19]}Z  {found.last.event.subject}",
        ]
        if found.remote:
            said = remote_words.as_text(found.remote, datetime.now(UTC)).split("\n")
            first, *more = (part for text in said for part in wrap(text, _WIDEST - len(_INDENT)))
            lines += [f"remote    {first}", *(f"{_INDENT}{text}" for text in more)]
        lines.append(f"drift     {_summary(found)}")
        rows = [
            [
                m.name,
                str(m.versions),
                str(m.latest),
                ", ".join(f"{alias}={number}" for alias, number in sorted(m.aliases.items())),
            ]
            for m in found.models
        ]
        if rows:
            lines += ["", table(["MODEL", "VERSIONS", "LATEST", "ALIASES"], rows)]
        if found.drift:
            lines += ["", _drift(_rows(found.drift))]
        state.emit(document, "\n".join(lines))
        if found.remote and not workspace.settings.ledger_remote:
            state.talk(
                f"ledger_remote is not set in this check-out: {found.remote.remote} is what this "
                "clone knows"
            )
        if found.drift:
            state.talk(
                "ft-registry sync puts back aliases, tags and descriptions that are missing",
                "ft-registry sync --restore makes all of MLflow what the ledger says",
            )


def _summary(found: "Status") -> str:
    if found.unchecked:
        return f"not looked at: {found.unchecked}"
    count = len(found.drift)
    if not count:
        return "none: MLflow shows what the ledger says"
    return f"{count} difference{'s' if count != 1 else ''} between the ledger and MLflow, see below"


def _drift(rows: list[list[str]]) -> str:
    """Returns the differences as a table, or one below the other where that is too wide."""
    found = table(["DRIFT", "WHERE", "LEDGER", "MLFLOW"], rows)
    if max(map(len, found.splitlines())) <= _WIDEST:
        return found
    return "\n".join(
        line
        for kind, where, ledger, mlflow in rows
        for line in (f"{kind}: {where}", *_wrapped("ledger", ledger), *_wrapped("MLflow", mlflow))
    )


def _wrapped(side: str, text: str) -> list[str]:
    return wrap(text, _WIDEST, initial_indent=f"  {side}  ", subsequent_indent=_INDENT)


def _rows(drift: "Sequence[Drift]") -> list[list[str]]:
    """Returns a row a difference; tags that a version lacks share one."""
    lacking: dict[str, list[str]] = {}
    for one in drift:
        if one.kind == "tag_missing":
            lacking.setdefault(f"{one.model}/{one.version}", []).append(one.key)
    rows = []
    for one in drift:
        version = f"{one.model}/{one.version}"
        tags = lacking.get(version, [])
        if one.kind == "tag_missing" and len(tags) > 1:
            if one.key == tags[0]:
                rows.append(["tags missing", version, f"{len(tags)} tags", "none of them"])
        else:
            rows.append([one.kind.replace("_", " "), one.name, _cut(one.expected), _cut(one.found)])
    return rows


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
