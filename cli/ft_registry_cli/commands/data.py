"""``data``: versions of datasets."""

from pathlib import Path
from typing import Annotated

import typer

from ft_registry_cli.state import State, command, size


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
    ) -> None:
        """Track data with DVC, commit the pointer, and put its hashes on record."""
        done = state.workspace.snapshot(path, name=name, push=push)
        found = done.snapshot
        content = found.content
        rows = content.rows if isinstance(content.rows, int) else None
        document = {
            "name": found.name,
            "path": content.path,
            "md5": content.dvc.md5,
            "sha256": content.sha256,
            "size": content.dvc.size,
            "files": content.dvc.nfiles,
            "rows": rows,
            "pointer": found.pointer,
            "commit": found.commit if isinstance(found.commit, str) else None,
            "created": done.created,
            "pushed": done.pushed,
        }
        verb = "snapshot" if done.created else "already"
        counted = f"{rows} rows, " if rows is not None else ""
        state.emit(
            document,
            f"{verb} {found.name} {content.dvc.md5[:12]} ({content.path}, {counted}"
            f"{size(content.dvc.size)})",
        )
        if done.commit:
            state.talk(f"committed {found.pointer} as {done.commit[:12]}")
