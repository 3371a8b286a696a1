"""``data``: versions of datasets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import DryRun, State, command, size

if TYPE_CHECKING:
    from ft_registry.model.snapshot import DataContent


def add_to(app: typer.Typer) -> None:
    """Registers the group."""
    group = typer.Typer(help="Track datasets.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="data")

    @command(group, "snapshot", network=True)
    def snapshot(
        state: State,
        path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or directory.")],
        name: Annotated[
            str | None, typer.Option(metavar="NAME", help="What to call it [default: its stem].")
        ] = None,
        push: Annotated[bool, typer.Option("--push", help="Upload it to the DVC remote.")] = False,
        dry_run: DryRun = False,
    ) -> None:
        """Track data with DVC, commit the pointer, record its hashes."""
        if dry_run:
            plan = state.workspace.plan_snapshot(path, name=name)
            verb = "already tracked" if plan.tracked else "would snapshot"
            document = {**_content(plan.content), "name": plan.name, "dry_run": True}
            state.emit(document, f"{verb} {_text(plan.name, plan.content)}")
            return
        done = state.workspace.snapshot(path, name=name, push=push)
        found = done.snapshot
        document = {
            **_content(found.content),
            "name": found.name,
            "pointer": found.pointer,
            "commit": found.commit if isinstance(found.commit, str) else None,
            "created": done.created,
            "pushed": done.pushed,
        }
        verb = "snapshot" if done.created else "already"
        state.emit(document, f"{verb} {_text(found.name, found.content)}")
        if done.commit:
            state.talk(f"committed {found.pointer} as {done.commit[:12]}")


def _content(content: "DataContent") -> dict[str, Any]:
    return {
        "path": content.path,
        "md5": content.dvc.md5,
        "sha256": content.sha256,
        "size": content.dvc.size,
        "files": content.dvc.nfiles,
        "rows": content.rows if isinstance(content.rows, int) else None,
    }


def _text(name: str, content: "DataContent") -> str:
    rows = f"{content.rows} rows, " if isinstance(content.rows, int) else ""
    return f"{name} {content.dvc.md5[:12]} ({content.path}, {rows}{size(content.dvc.size)})"
