"""``policy``: what promotions must show."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.state import DryRun, State, command, short, table

if TYPE_CHECKING:
    from ft_registry.actions.backtest import Backtest, Replayed
    from ft_registry.actions.policies import AppliedPolicy
    from ft_registry.model.policy import Policy

File = Annotated[Path, typer.Argument(metavar="FILE", help="A policy in YAML; - is the input.")]


def add_to(app: typer.Typer) -> None:
    """Registers the group."""
    group = typer.Typer(
        help="Check, apply and replay the promotion policy.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    app.add_typer(group, name="policy")
    for add in (_add_check, _add_apply, _add_show, _add_log, _add_backtest, _add_schema):
        add(group)


def _read(file: Path) -> bytes:
    from ft_registry.errors import NotFound

    if str(file) == "-":
        return sys.stdin.buffer.read()
    if not file.is_file():
        raise NotFound(f"expected a policy, found no file {file}")
    return file.read_bytes()


def _add_check(group: typer.Typer) -> None:
    @command(group, "check")
    def check(
        state: State,
        files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policies in YAML.")],
    ) -> None:
        """Check a policy without applying it; needs no registry.

        Every fault is told with its line. An unknown key is a fault: what is misspelt must not
        pass for what was meant.
        """
        from ft_registry.readers.policies import parse_policy

        found = {str(file): parse_policy(_read(file), where=str(file)) for file in files}
        state.emit(
            {name: policy.model_dump(mode="json", exclude_unset=True)
             for name, policy in found.items()},
            lambda: "\n".join(f"{name}: {_summary(policy)}" for name, policy in found.items()),
        )  # fmt: skip
        for name, policy in found.items():
            state.talk(*(f"note: {name}: {words}" for words in _unknown_models(state, policy)))


def _unknown_models(state: State, policy: "Policy") -> list[str]:
    from ft_registry.errors import NotARegistry

    if not policy.models:
        return []
    try:
        return state.workspace.gates.unknown_models(policy)
    except NotARegistry:
        return []  # nothing here knows the names of models


def _summary(policy: "Policy") -> str:
    rules = [*policy.aliases.items()]
    rules += [
        (f"{model}@{alias}", rule)
        for model, own in policy.models.items()
        for alias, rule in own.aliases.items()
    ]
    counts = [f"{alias} {len(list(rule.clause.checks()))}" for alias, rule in rules]
    others = f"other aliases: {policy.others}"
    return f"ok; checks: {', '.join(counts) or 'none'}; {others}"


def _add_apply(group: typer.Typer) -> None:
    @command(group, "apply", network=True)
    def apply(
        state: State,
        file: File,
        reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept on record.")],
        dry_run: DryRun = False,
    ) -> None:
        """Put a policy in force for everybody, on record.

        Gates read it from the ledger, never from the branch that asks. Whoever may push the
        ledger may change it: protect the branch.
        """
        applied = state.workspace.gates.apply(
            _read(file), where=str(file), reason=reason, dry_run=dry_run
        )
        state.emit(_applied_document(applied), lambda: _applied_text(applied, dry_run=dry_run))
        state.talk(*(f"note: {notice}" for notice in applied.notices))


def _applied_document(applied: "AppliedPolicy") -> dict[str, Any]:
    return {
        "policy": applied.digest,
        "previous": applied.previous,
        "changed": applied.event is not None,
        "event": applied.event.id if applied.event else None,
        "notices": list(applied.notices),
    }


def _applied_text(applied: "AppliedPolicy", *, dry_run: bool) -> str:
    if applied.digest == applied.previous:
        return f"already in force: policy {short(applied.digest)}"
    was = f" (was {short(applied.previous)})" if applied.previous else ""
    return f"{'would apply' if dry_run else 'applied'} policy {short(applied.digest)}{was}"


def _add_show(group: typer.Typer) -> None:
    @command(group, "show")
    def show(state: State) -> None:
        """Print the policy in force, as it was written."""
        from ft_registry.errors import NotFound

        filed = state.workspace.gates.policy()
        if filed is None:
            raise NotFound(
                "expected a policy, found none in force: nothing guards an alias",
                hints=["ft-registry policy apply FILE --reason TEXT"],
            )
        text = filed.content.decode("utf-8-sig").rstrip("\n")
        policy = filed.policy.model_dump(mode="json", exclude_unset=True)
        state.emit({"digest": filed.digest, "policy": policy, "text": text}, text)
        state.talk(f"policy {short(filed.digest)}; ft-registry policy log: who changed it")


def _add_log(group: typer.Typer) -> None:
    @command(group, "log")
    def log(state: State) -> None:
        """Tell who changed the policy, when and why; the newest first."""
        found = [logged.event for logged in state.workspace.gates.policy_log()]
        document = [
            {"time": event.time, "actor": event.actor.as_text(), "reason": event.reason,
             "policy": next(iter(write.digest for write in event.writes), None)}
            for event in found
        ]  # fmt: skip
        state.emit(
            document,
            lambda: (
                "\n".join(
                    f"{event.time[:19]}Z  {short(str(event.writes[0].digest))}  "
                    f"{event.actor.as_text()}\n  {event.reason}"
                    for event in found
                )
                or "no policy was ever applied"
            ),
        )


def _add_backtest(group: typer.Typer) -> None:
    @command(group, "backtest")
    def backtest(
        state: State,
        file: Annotated[
            Path | None, typer.Argument(metavar="FILE", help="A policy [default: the one in force]")
        ] = None,
        subject: Annotated[
            str | None, typer.Option("--of", metavar="NAME[@ALIAS]", help="Only these promotions.")
        ] = None,
    ) -> None:
        """Replay a policy over all past promotions: what would it have decided?

        By what was on record when each was made. Reads scored items from where they lie, and
        changes nothing.
        """
        content = _read(file) if file is not None else None
        found = state.workspace.gates.backtest(content, where=str(file), subject=subject)
        state.emit(
            [_replayed_document(one) for one in found.replayed], lambda: _backtest_text(found)
        )


def _replayed_document(one: "Replayed") -> dict[str, Any]:
    event = one.logged.event
    return {
        "event": one.logged.id,
        "time": event.time,
        "alias": str(one.alias),
        "version": str(one.version),
        "from": event.previous,
        "actor": event.actor.as_text(),
        "overrides": list(event.overrides),
        "outcome": one.verdict.outcome if one.verdict else None,
        "fault": one.fault or None,
        "verdict": one.verdict.as_json() if one.verdict else None,
    }


def _backtest_text(found: "Backtest") -> str:
    if not found.replayed:
        return "no promotion yet"
    rows = [
        [when.event.time[:10], f"{one.version} -> {one.alias.alias}", _outcome(one), _why(one)]
        for one in found.replayed
        for when in (one.logged,)
    ]
    counts = ", ".join(
        f"{found.count(outcome)} {outcome}" for outcome in ("pass", "fail", "inconclusive")
    )
    lines = table(["WHEN", "PROMOTION", "WOULD", "BECAUSE OF"], rows)
    return f"{lines}\n{len(found.replayed)} promotions: {counts}"


def _outcome(one: "Replayed") -> str:
    return one.verdict.outcome if one.verdict else "error"


def _why(one: "Replayed") -> str:
    if one.verdict is None:
        return one.fault
    names = [f.name for f in one.verdict.result.checks() if f.outcome == one.verdict.outcome]
    return "" if one.verdict.outcome == "pass" else ", ".join(names)


def _add_schema(group: typer.Typer) -> None:
    @command(group, "schema")
    def schema(state: State) -> None:
        """Print the JSON Schema of policies, for editors."""
        from ft_registry.model.policy import Policy

        document = Policy.model_json_schema()
        state.emit(document, lambda: json.dumps(document, indent=2))
