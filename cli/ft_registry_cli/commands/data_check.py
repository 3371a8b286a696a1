"""``data check``: is this dataset fit to train on."""

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ft_registry.examples.faults import FIRST
from ft_registry_cli.columns import COLUMNS
from ft_registry_cli.dataset_words import profile_lines
from ft_registry_cli.progress import progress_of
from ft_registry_cli.state import State, command

if TYPE_CHECKING:
    from ft_registry.datasets import CheckedData

Format = Annotated[
    str, typer.Option("--format", metavar="F", help="Its format [default: recognised].")
]
Tokenizer = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Count tokens by this tokenizer.json, not characters."),
]
Method = Annotated[
    str, typer.Option(metavar="M", help="How a model is to be tuned with it: sft, dpo, kto, ...")
]
Context = Annotated[
    int,
    typer.Option(
        "--context", metavar="N", help="The model's context: warn of longer examples.", min=0
    ),
]
Sensitive = Annotated[
    bool | None,
    typer.Option(
        "--sensitive/--no-sensitive",
        help="Warn of secrets and personal data, by heuristics [default: in up to 64 MiB].",
        show_default=False,
    ),
]
Scan = Annotated[
    bool, typer.Option("--scan", help="Warn of secrets that Betterleaks finds (an extra: scan).")
]
Person = Annotated[
    str, typer.Option("--subject", metavar="KEY", help="The key that names the person.")
]


def add_to(group: typer.Typer) -> None:
    """Registers the command."""

    @command(group, "check")
    def check(
        state: State,
        path: Annotated[Path, typer.Argument(metavar="PATH", help="A file or directory.")],
        format_: Format = "",
        tokenizer: Tokenizer = None,
        method: Method = "",
        window: Context = 0,
        sensitive: Sensitive = None,
        scan: Scan = False,
        max_faults: Annotated[
            int,
            typer.Option(
                "--max-faults", metavar="N", help="List the first N faults; 0: all.", min=0
            ),
        ] = FIRST,
        subject: Person = "",
    ) -> None:
        """Check every example against its format, and profile them; change nothing.

        Exit code 1: there are faults. Warnings say what hurts a fine-tune, and break no rule.
        """
        datasets = state.workspace.datasets
        look = datasets.look(
            format=format_, method=method, context=window, tokenizer=tokenizer,
            sensitive=sensitive, scan=scan, max_faults=max_faults, subject=subject,
        )  # fmt: skip
        with progress_of(state) as progress:
            checked = datasets.check(path, look, progress=progress)
        found, profile = checked.found, checked.profile
        document = {
            "ok": found.ok,
            "format": profile.format,
            "rows": found.rows,
            "faults": [fault.as_json() for fault in found.faults.first],
            "fault_count": found.faults.total,
            "profile": profile.model_dump(mode="json"),
        }
        state.emit(document, lambda: _text(path, checked))
        if not found.ok:
            raise typer.Exit(1)


def _text(path: Path, checked: "CheckedData") -> str:
    found = checked.found
    total = found.faults.total
    verdict = "ok" if found.ok else f"{total} fault{'s' if total != 1 else ''}"
    lines = [f"{path}: {verdict}", *profile_lines(checked.profile)]
    for fault in found.faults.first:
        where = f"{fault.file}:{fault.line}" if fault.file else f"line {fault.line}"
        text = f"{where if fault.line else fault.file or 'file'}: {fault.rule}: {fault.message}"
        lines += wrap(text, COLUMNS, initial_indent="  ", subsequent_indent="    ")
    if total > len(found.faults.first):
        lines.append(f"  and {total - len(found.faults.first):,} more: --max-faults 0 lists all")
    return "\n".join(lines)
