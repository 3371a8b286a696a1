"""``data snapshot``, ``list`` and ``show``: datasets as they were at a moment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.commands.data_check import Format, Scan, Sensitive, Tokenizer
from ft_registry_cli.dataset_words import content_json, content_text, hashes_text, profile_lines
from ft_registry_cli.progress import progress_of
from ft_registry_cli.state import DryRun, State, command, short, size, table

if TYPE_CHECKING:
    from ft_registry.actions.snapshots import FoundSnapshot
    from ft_registry.model.snapshot import DataContent, Snapshot

Named = Annotated[
    str,
    typer.Argument(metavar="SNAPSHOT", help="NAME, NAME~1 (the one before), NAME@MD5, or a path."),
]


def add_to(group: typer.Typer) -> None:
    """Registers the commands."""

    @command(group, "snapshot", network=True)
    def snapshot(
        state: State,
        path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or directory.")],
        name: Annotated[
            str | None,
            typer.Option(
                metavar="NAME", help="What to call it [default: its file's, less .jsonl]."
            ),
        ] = None,
        push: Annotated[bool, typer.Option("--push", help="Upload it to the DVC remote.")] = False,
        format_: Format = "",
        tokenizer: Tokenizer = None,
        sensitive: Sensitive = None,
        scan: Scan = False,
        subject: Annotated[
            str, typer.Option(metavar="KEY", help="Index persons by this key of the examples.")
        ] = "",
        keyed: Annotated[
            bool, typer.Option("--keyed", help="Hash examples with a secret (HMAC).")
        ] = False,
        allow_faults: Annotated[
            bool, typer.Option("--allow-faults", help="Take data that breaks its format's rules.")
        ] = False,
        no_index: Annotated[
            bool, typer.Option("--no-index", help="Only track it: no check, no index of examples.")
        ] = False,
        dry_run: DryRun = False,
    ) -> None:
        """Check data, track it with DVC, index its examples, commit the pointers.

        Data with faults is refused. The index lies beside the data as PATH.examples.arrow and is
        tracked as the data is: it outlives it.
        """
        datasets = state.workspace.datasets
        if dry_run:
            plan = datasets.plan_snapshot(path, name=name)
            verb = "already tracked" if plan.tracked else "would snapshot"
            document = {**content_json(plan.content), "name": plan.name, "dry_run": True}
            state.emit(document, f"{verb} {content_text(plan.name, plan.content)}")
            return
        look = datasets.look(
            format=format_, tokenizer=tokenizer, sensitive=sensitive, scan=scan, subject=subject,
            keyed=keyed,
        )  # fmt: skip
        with progress_of(state) as progress:
            done = datasets.snapshot(
                path, name=name, push=push, look=look, allow_faults=allow_faults,
                index=not no_index, progress=progress,
            )  # fmt: skip
        found = done.snapshot
        document = {
            **_document(found),
            "commit": done.commit,
            "created": done.created,
            "indexed": done.indexed,
            "pushed": done.pushed,
            "notices": list(done.notices),
        }
        verb = "snapshot" if done.created else "indexed" if done.indexed else "already"
        state.emit(document, f"{verb} {content_text(found.name, found.content)}")
        state.talk(*_other_index(found, keyed=keyed and not no_index, subject=subject))
        state.talk(*(f"warning: {text}" for text in done.notices))
        if found.profile is not None:
            state.talk(*(f"warning: {text}" for text in found.profile.warnings))
        if done.commit:
            state.talk(f"committed {found.pointer} as {done.commit[:12]}")

    @command(group, "list")
    def list_snapshots(state: State) -> None:
        """List the snapshots on record, the newest last."""
        found = state.workspace.datasets.all()
        document = {"snapshots": [_document(one.snapshot) for one in found]}
        header = ["SNAPSHOT", "PATH", "ROWS", "SIZE", "FORMAT", "TAKEN"]
        state.emit(document, lambda: table(header, [_row(one) for one in found]))

    @command(group, "show")
    def show(state: State, snapshot: Named) -> None:
        """Show a snapshot: hashes, profile, index, who took it."""
        found = state.workspace.datasets.find(snapshot)
        state.emit(_document(found.snapshot), lambda: _text(found))


def _document(found: "Snapshot") -> dict[str, Any]:
    commit = found.commit if isinstance(found.commit, str) else None
    return {
        **content_json(found.content),
        "name": found.name,
        "pointer": found.pointer,
        "commit": commit,
        "taken_at": found.taken_at,
        "taken_by": found.taken_by.as_text(),
        "examples": found.examples.model_dump(mode="json") if found.examples else None,
        "profile": found.profile.model_dump(mode="json") if found.profile else None,
    }


def _other_index(found: "Snapshot", *, keyed: bool, subject: str) -> list[str]:
    """Returns what the index on record is not, of what was asked for."""
    from ft_registry.model.examples import ExampleIndex

    index = found.examples
    if not isinstance(index, ExampleIndex):
        return []
    lacks = ["with plain hashes"] * (keyed and not index.key)
    lacks += [f"without persons by {subject}"] * (subject not in ("", index.subject))
    return [
        f"note: it is on record with an index {lack}, which stays; --name OTHER makes another"
        for lack in lacks
    ]


def _row(one: "FoundSnapshot") -> list[str]:
    found = one.snapshot
    rows = found.content.rows
    return [
        one.reference,
        found.content.path,
        str(rows) if isinstance(rows, int) else "",
        size(found.content.dvc.size),
        found.profile.format.partition(" ")[0] if found.profile else "",
        found.taken_at[:10],
    ]


def _source(content: "DataContent") -> list[str]:
    from ft_registry.model.snapshot import SourceListing

    if not isinstance(content.dvc, SourceListing):
        return []
    kept = "which keeps versions" if content.dvc.versioned else "where files can be replaced"
    return [f"  source    {content.dvc.source}, {kept}; {content.dvc.nfiles:,} files"]


def _text(one: "FoundSnapshot") -> str:
    from ft_registry.model.examples import ExampleIndex

    found = one.snapshot
    content = found.content
    lines = [
        one.reference,
        f"  path      {content.path} ({size(content.dvc.size)})",
        f"  hashes    {hashes_text(content, digits=None)}",
        *_source(content),
        f"  taken     {found.taken_at[:19]}Z by {found.taken_by.as_text()}",
    ]
    if isinstance(found.examples, ExampleIndex):
        kind = f"keyed with {found.examples.key}" if found.examples.key else "plain hashes"
        lines.append(
            f"  index     {found.examples.rows:,} examples, root {short(found.examples.root)}, "
            f"{kind}"
        )
    elif found.examples is not None:
        lines.append(f"  index     none: {found.examples.unknown}")
    return "\n".join(lines + (profile_lines(found.profile) if found.profile else []))
