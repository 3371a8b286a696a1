"""``status``: the registry in a few lines."""

from datetime import UTC, datetime

import typer

from ft_registry_cli.state import State, command, short, table


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "status")
    def status(state: State) -> None:
        """Sum up models, aliases and the ledger.

        Answers from this clone, without asking any server.
        """
        workspace = state.workspace
        found = workspace.status()
        remote = found.remote
        document = {
            "root": str(workspace.place.home),
            "head": found.head,
            "last_event": {"time": found.last.event.time, "subject": found.last.event.subject},
            "models": [
                {"name": m.name, "versions": m.versions, "latest": m.latest, "aliases": m.aliases}
                for m in found.models
            ],
            "mlflow_uri": workspace.mlflow.shown,
            "ledger_remote": {
                "name": remote.remote,
                "ahead": remote.ahead,
                "behind": remote.behind,
                "fetched_at": remote.fetched_at,
            }
            if remote
            else None,
        }
        rows = [
            [
                m.name,
                str(m.versions),
                str(m.latest),
                ", ".join(f"{alias}={number}" for alias, number in sorted(m.aliases.items())),
            ]
            for m in found.models
        ]
        lines = [
            f"registry  {workspace.place.home}",
            f"mlflow    {workspace.mlflow.shown}",
            f"ledger    {short(found.head)}",
            f"last      {found.last.event.time[:19]}Z  {found.last.event.subject}",
        ]
        if remote:
            age = (
                datetime.fromtimestamp(remote.fetched_at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                if remote.fetched_at
                else "never"
            )
            lines.append(
                f"remote    {remote.remote}: {remote.ahead} events not pushed, "
                f"{remote.behind} not taken over, fetched {age}"
            )
        if rows:
            lines += ["", table(["MODEL", "VERSIONS", "LATEST", "ALIASES"], rows)]
        state.emit(document, "\n".join(lines))
