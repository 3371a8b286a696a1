"""``show``: one version or baseline, whole."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ft_registry_cli.dataset_words import hashes_text
from ft_registry_cli.state import State, command, short, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ft_registry.actions.ancestry import Ancestry
    from ft_registry.actions.resolve import FiledRecord
    from ft_registry.actions.show import ShownBaseline, ShownVersion
    from ft_registry.model.alias import AliasState
    from ft_registry.model.approval import Approval
    from ft_registry.model.proof import Proof
    from ft_registry.model.record import Exemption, Hosted
    from ft_registry.model.verdict import Verdict


def add_to(app: typer.Typer) -> None:
    """Registers the command."""

    @command(app, "show")
    def show(
        state: State,
        reference: Annotated[
            str,
            typer.Argument(metavar="REF", help="NAME/7, NAME@champion, NAME/latest or NAME:LABEL."),
        ],
    ) -> None:
        """Show what made a version or baseline, and what was said of it."""
        from ft_registry.model.canonical import parse_json
        from ft_registry.model.reference import BaselineReference, parse_contender

        contender = parse_contender(reference)
        if isinstance(contender, BaselineReference):
            shown = state.workspace.show_baseline(contender)
            state.emit(_baseline_document(shown), lambda: _baseline_text(shown))
            return
        found = state.workspace.show(reference)
        record = found.filed.record
        document = {
            "model": record.model,
            "version": record.version,
            "digest": found.filed.digest,
            "registered_at": record.registered_at,
            "registered_by": record.registered_by.as_text(),
            "aliases": [state.alias for state in found.aliases],
            "standing": found.standing.standing.as_json() if found.standing.standing else None,
            # As it lies in the ledger, so that the digest can be recomputed from it.
            "record": parse_json(found.filed.content, what="the record"),
            "uri": found.home.uri,
            "evaluations": [evaluation.as_json() for evaluation in found.evaluations],
            "proof": found.proof.as_json() if found.proof else None,
            "chain": [_stage(filed) for filed in found.ancestry.stages[1:]],
            "chain_broken": end.message if (end := found.ancestry.end) else None,
            "approvals": [approval.as_json() for approval in found.approvals],
            "gates": [_gate(verdict) for verdict in found.verdicts],
            "moves": [_move(state) for state in found.aliases],
        }
        state.emit(document, lambda: _text(found))


def _baseline_document(found: "ShownBaseline") -> dict[str, Any]:
    baseline = found.baseline
    return {
        "model": baseline.model,
        "label": baseline.label,
        "digest": found.digest,
        "recorded_at": baseline.recorded_at,
        "recorded_by": baseline.recorded_by.as_text(),
        "uri": found.home.uri,
        "baseline": baseline.as_json(),
        "evaluations": [evaluation.as_json() for evaluation in found.evaluations],
    }


def _baseline_text(found: "ShownBaseline") -> str:
    baseline = found.baseline
    by = f"{baseline.recorded_at[:19]}Z by {baseline.recorded_by.as_text()}"
    lines = [
        ("baseline", baseline.reference),
        ("document", short(found.digest)),
        ("recorded", by),
        ("asks", f"{baseline.base} ({baseline.kind})"),
        ("config", f"{', '.join(baseline.config.files) or 'none'} {short(baseline.config.digest)}"),
        ("mlflow", f"{found.home.uri} (run {found.home.run_id[:12]})"),
        *((f"scores {one.suite}", one.in_words()) for one in found.evaluations),
        *([("note", baseline.note)] if baseline.note else []),
    ]
    return _aligned(lines)


def _aligned(lines: "Sequence[tuple[str, str]]") -> str:
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in lines)


def _stage(filed: "FiledRecord") -> dict[str, Any]:
    record = filed.record
    return {
        "version": record.reference,
        "record": filed.digest,
        "kind": record.kind,
        "method": record.method if isinstance(record.method, str) else None,
        "data": [{"role": d.role, "path": d.path, d.dvc.words: d.key} for d in record.data],
    }


def _move(state: "AliasState") -> dict[str, Any]:
    return {
        "alias": state.alias,
        "type": state.through,
        "time": state.since,
        "actor": state.by.as_text(),
        "reason": state.reason,
        "overrides": list(state.overrides),
    }


def _gate(verdict: "Verdict") -> dict[str, Any]:
    return {
        "alias": verdict.alias,
        "outcome": verdict.outcome,
        "overrides": list(verdict.overrides),
        "opponents": [use.reference for use in verdict.opponents],
        "time": verdict.decided_at,
        "actor": verdict.decided_by.as_text(),
        "policy": verdict.policy,
        "verdict": verdict.digest,
    }


def _text(found: "ShownVersion") -> str:
    from ft_registry_cli.training_words import trained_lines

    record = found.filed.record
    by = f"{record.registered_at[:19]}Z by {record.registered_by.as_text()}"
    lines = [
        ("version", record.reference + "".join(f"  @{state.alias}" for state in found.aliases)),
        *(line for state in found.aliases for line in _moved(state)),
        *([("standing", found.standing.words)] if found.standing.standing else []),
        ("record", short(found.filed.digest)),
        ("registered", f"{by} on {record.host}"),
        ("made by", f"{_known(record.method)} -> {record.kind}"),
        *_hosted(record.artifact.hosted),
        *trained_lines(record.training, record.cost),
        ("base", _base(record.base.model_dump(mode="json"))),
        *_known_by(record.base.model_dump(mode="json")),
        *_below(found.ancestry),
    ]
    for data in record.data:
        rows = f"{data.rows} rows" if isinstance(data.rows, int) else "rows not counted"
        lines.append((f"data {data.role}", f"{data.path}, {rows}, {hashes_text(data)}"))
    patch = " with uncommitted changes (kept as a patch)" if record.code.dirty else ""
    lines += [
        ("code", f"{record.code.commit[:12]}{patch}"),
        ("config", f"{', '.join(record.config.files) or 'none'} {short(record.config.digest)}"),
        ("job" if record.artifact.hosted else "weights",
         f"{len(record.artifact.files)} files, {size(record.artifact.size)}, "
         f"sha256 {short(record.artifact.digest)}"),
        ("mlflow", f"{found.home.uri} (run {found.home.run_id[:12]})"),
        *([("", f"{', '.join(record.run.admitted)}: as at the start of {_run(found)}")]
          if record.run.admitted else []),
    ]  # fmt: skip
    for exemption in record.exemptions:
        lines += _exempted(exemption)
    for evaluation in found.evaluations:
        lines.append((f"scores {evaluation.suite}", evaluation.in_words()))
    if found.proof:
        lines += _proved(found.proof)
    for approval in found.approvals:
        lines += _approved(approval)
    for verdict in found.verdicts:
        lines += _decided(verdict)
    if record.note:
        lines.append(("note", record.note))
    return _aligned(lines)


def _exempted(exemption: "Exemption") -> list[tuple[str, str]]:
    """Returns what `register` refuses and a person let in, with the reason."""
    from textwrap import wrap

    from ft_registry.model.record import EXEMPTED

    told = [
        f"{EXEMPTED[exemption.door]}: {', '.join(exemption.places[:8])}"
        + (f" and {len(exemption.places) - 8} more" if len(exemption.places) > 8 else ""),
        f"because: {exemption.reason}",
    ]
    lines = [line for words in told for line in wrap(words, 66)]
    return [("allowed", lines[0]), *(("", line) for line in lines[1:])]


def _run(found: "ShownVersion") -> str:
    """Returns the run that a version was trained in, in words, below the one that it lies in."""
    run_id = found.filed.record.run.run_id
    return "that run" if run_id == found.home.run_id else f"run {run_id[:12]}"


def _hosted(hosted: "Hosted | None") -> list[tuple[str, str]]:
    """Returns by which name a service answers with the version, and the job that made it."""
    from textwrap import wrap

    if hosted is None:
        return []
    told = [f"{hosted.service} serves it as", hosted.model, f"by job {hosted.job}"]
    lines = [line for words in told for line in wrap(words, 64)]
    return [("hosted", lines[0]), *(("", line) for line in lines[1:])]


def _known_by(base: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns how a base is known, where nobody stated it, and what was set aside."""
    from textwrap import wrap

    said = [base.get("pinned", ""), f"on trust: {base['trusted']}" if "trusted" in base else ""]
    return [("", line) for words in said for line in wrap(words, 64)]


def _below(ancestry: "Ancestry") -> list[tuple[str, str]]:
    """Returns the stages below a version, down to weights from outside."""
    from ft_registry.model.version_row import base_label, known

    stages = [filed.record for filed in ancestry.stages]
    if len(stages) == 1 and ancestry.end is None:
        return []
    told = [f"{one.reference} {known(one.method)} -> {one.kind}" for one in stages[1:]]
    for at, record in enumerate(stages[1:]):
        told[at] += "".join(f", {data.role} {data.path}" for data in record.data)
    end = ancestry.end
    told.append(f"broken: {end.message}" if end else base_label(
        stages[-1].base.model_dump(mode="json")
    ))  # fmt: skip
    names = ["made of", *[""] * len(told)]
    return list(zip(names, told, strict=False))


def _moved(state: "AliasState") -> list[tuple[str, str]]:
    """Returns who let an alias name it, and against which guards."""
    against = f"overriding {', '.join(state.overrides)}" if state.overrides else ""
    why = ": ".join(filter(None, (against, state.reason)))
    who = f"{state.through} at {state.since[:19]}Z by {state.by.as_text()}"
    return [(f"@{state.alias}", who), *([("", why)] if why else [])]


def _proved(proof: "Proof") -> list[tuple[str, str]]:
    from ft_registry.model.proof import MEANINGS

    when = f"{proof.recorded_at[:19]}Z by {proof.recorded_by.as_text()} on {proof.host}"
    return [("proved", f"{proof.level}: {MEANINGS[proof.level]}"), ("", when)]


def _decided(verdict: "Verdict") -> list[tuple[str, str]]:
    """Returns what the gate of an alias said, and what a person set aside of it."""
    when = f"at {verdict.decided_at[:19]}Z by {verdict.decided_by.as_text()}"
    told = [f"{verdict.outcome} for @{verdict.alias}", when]
    if verdict.overrides:
        told.append(f"overriding {', '.join(verdict.overrides)}")
    against = ", ".join(dict.fromkeys(use.reference for use in verdict.opponents))
    if against:
        told.append(f"against {against}")
    return [("gate", told[0]), *(("", line) for line in told[1:])]


def _approved(approval: "Approval") -> list[tuple[str, str]]:
    who = f"at {approval.at[:19]}Z by {approval.by.as_text()}"
    return [("approved", who), *([("", approval.reason)] if approval.reason else [])]


def _known(value: Any) -> str:
    return value if isinstance(value, str) else f"unknown ({value.unknown})"


def _base(base: dict[str, Any]) -> str:
    from ft_registry.model.version_row import base_label

    if "unknown" in base:
        return f"unknown ({base['unknown']})"
    digest = base.get("digest", base.get("record"))
    return base_label(base) + (f" sha256 {short(digest)}" if isinstance(digest, str) else "")
