"""Verifies the ledger: its chain, its documents, the code commits it cites, its signatures."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from ft_registry.actions.events import require_ledger
from ft_registry.errors import FtRegistryError, IntegrityError, NotARegistry
from ft_registry.model import layout
from ft_registry.model.canonical import canonical_bytes, digest_bytes, parse_json
from ft_registry.model.event import Event, Requirement
from ft_registry.model.filing import Filing, filing_of, model_of, version_of
from ft_registry.model.verification import Depth, Finding, State, Verification
from ft_registry.ports.ledger import Ledger, Transition

_UNREADABLE = "unreadable"
"""Stands for the digest of what cannot be read: nothing that relies on it is judged again."""
_SHOWN = 3
"""How many paths a finding names before it counts the rest."""


def verify_ledger(ledger: Ledger, *, depth: Depth) -> Verification:
    """Looks at every event of the history at hand, and at what the last one left.

    Args:
        ledger: The truth, which must earn the name here.
        depth: ``fast`` follows the chain from event to event, reading every document once, and
            looks at the schemas of the newest state. ``full`` also compares every object that
            the ledger is stored in with its name, checks the signatures, and holds each document
            against its whole schema, its canonical form and its place.

    Returns:
        Damage finding by finding, and one ``ok`` for each thing that was looked at and is whole.

    Raises:
        NotARegistry: There is no ledger here.
    """
    audit = _Audit(depth, ledger.label)
    try:
        require_ledger(ledger)
        for step in ledger.transitions():
            audit.follow(step)
    except IntegrityError as error:
        audit.chain.append(
            Finding(
                "chain", "history", "changed",
                expected="a history that can be read to its beginning", found=error.message,
            )
        )  # fmt: skip
    findings = [*audit.chain, *audit.judged_documents(), *_pins(ledger, audit.cited)]
    if depth == "full":
        known = {finding.name for finding in findings}
        findings += [found for found in ledger.check_storage() if found.name not in known]
        findings += ledger.check_signatures()
    if not any(finding.kind == "chain" for finding in findings):
        findings.append(Finding("chain", "history", "ok", found=f"{audit.count} events"))
    notes: tuple[str, ...] = ()
    if audit.is_cut:
        notes = (
            f"the clone is shallow: only the newest {audit.count} events of the ledger were "
            "looked at; git fetch --unshallow brings the others",
        )
    return Verification(tuple(findings), notes)


@dataclass
class _Audit:
    """Follows the history event by event."""

    depth: Depth
    label: Callable[[Event], str]
    """Returns what an event must be shown as."""
    count: int = 0
    is_cut: bool = False
    chain: list[Finding] = field(default_factory=list)
    cited: dict[str, str] = field(default_factory=dict)
    """By path: the code commit that the document cites."""
    _state: dict[str, str] = field(default_factory=dict)
    """The digest of each document, by path."""
    _within: dict[str, set[str]] = field(default_factory=dict)
    """By folder: the paths of documents that lie in it, or did."""
    _nonces: dict[str, str] = field(default_factory=dict)
    _last: str | None = None
    _history: list[Finding] = field(default_factory=list)
    """What happened to documents and cannot be undone."""
    _present: dict[str, list[Finding]] = field(default_factory=dict)
    """By path: what is wrong with the newest document there."""
    _records: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By path: the path and digest of the record that the document says it is about."""

    def follow(self, step: Transition) -> None:
        """Looks at one event, and makes its state the present one."""
        self.count += 1
        self.is_cut = self.is_cut or step.is_cut
        name = f"event {step.id[:12]}"
        expected_parents = () if self._last is None else (self._last,)
        if step.parents != expected_parents and not step.is_cut:
            self._fault(
                name,
                f"to follow {self._last or 'nothing'} alone",
                f"that it follows {' and '.join(step.parents) or 'nothing'}",
            )
        event = self._event(step, name)
        if event is not None and not step.is_cut:
            self._check_requirements(event, name)
        if event is not None:
            self._check_label(event, step, name)
            self._check_gate(event, name)
        self._check_immutable(step, name)
        self._apply(step, name)
        self._check_writes(event, step, name)
        self._last = step.id

    def judged_documents(self) -> list[Finding]:
        """Returns what is wrong with documents; when nothing is, that."""
        found = [*self._history, *(f for faults in self._present.values() for f in faults)]
        for path, (record, digest) in self._records.items():
            there = self._state.get(record)
            if there not in (digest, _UNREADABLE):
                found.append(
                    _document(
                        path, "changed", expected=f"to be about {record} at {there or 'no record'}",
                        found=digest,
                    )
                )  # fmt: skip
        if not found:
            found.append(
                Finding("document", "documents", "ok", found=f"{len(self._state)} documents")
            )
        return found

    def _event(self, step: Transition, name: str) -> Event | None:
        if step.event is None:
            self._fault(name, "a readable event of its own", "none: was it committed by hand?")
            return None
        try:
            event = Event.parse(step.event, what=f"the event of {step.id}")
        except NotARegistry as error:
            self.chain.append(Finding("chain", name, "unknown", found=error.message))
            return None
        except IntegrityError as error:
            self._fault(name, "an event", error.message)
            return None
        twin = self._nonces.setdefault(event.nonce, step.id)
        if twin != step.id:
            self._fault(name, "a nonce of its own", f"that of event {twin[:12]}")
        return event

    def _check_requirements(self, event: Event, name: str) -> None:
        for requirement in event.requires:
            there = self._relied_on(requirement)
            present = requirement.found(there)
            if present != requirement.digest and _UNREADABLE not in there.values():
                self._fault(
                    name,
                    f"{requirement.path} at {requirement.digest or 'no document'} before it",
                    present or "no document",
                )

    def _relied_on(self, requirement: Requirement) -> dict[str, str]:
        """Returns the digests of the documents that a requirement speaks of, by path."""
        path = requirement.path
        paths = self._within.get(path, set()) if requirement.folder else {path}
        return {one: self._state[one] for one in paths if one in self._state}

    def _check_label(self, event: Event, step: Transition, name: str) -> None:
        wanted = self.label(event)
        if step.label == wanted:
            return
        lines = zip_longest(wanted.split("\n"), step.label.split("\n"), fillvalue="")
        expected, found = next(pair for pair in lines if pair[0] != pair[1])
        self._fault(
            name,
            f"{expected!r} beside it, as its document says",
            f"{found!r}: one of them was rewritten",
        )

    def _check_gate(self, event: Event, name: str) -> None:
        """Looks for the verdict of a promotion that a policy had a say in."""
        is_judged = any("/verdicts/" in write.path for write in event.writes)
        if event.type == "promote" and layout.POLICY in self._state and not is_judged:
            self._fault(name, "a verdict, as a policy was in force", "that no gate was asked")

    def _check_immutable(self, step: Transition, name: str) -> None:
        for path, content in step.documents.items():
            filing = filing_of(path)
            before = self._state.get(path)
            if filing is None or not filing.is_immutable or before in (None, _UNREADABLE):
                continue
            state: State = "missing" if content is None else "changed"
            found = "nothing" if content is None else digest_bytes(content)
            if found != before:
                self._history.append(
                    _document(path, state, place=f"the ledger since {name}", expected=before or "",
                              found=found)
                )  # fmt: skip

    def _apply(self, step: Transition, name: str) -> None:
        for path, content in step.documents.items():
            self._present.pop(path, None)
            self._records.pop(path, None)
            self.cited.pop(path, None)
            if content is None:
                self._state.pop(path, None)
                continue
            self._file(path, digest_bytes(content))
            filing = filing_of(path)
            if filing is not None:
                self._judge(path, content, filing)
        for path in step.unreadable:
            self._file(path, _UNREADABLE)
            self._history.append(
                _document(path, "missing", place=f"the ledger at {name}",
                          expected="a document that git can read", found="none")
            )  # fmt: skip

    def _file(self, path: str, digest: str) -> None:
        self._state[path] = digest
        self._within.setdefault(path.rpartition("/")[0], set()).add(path)

    def _check_writes(self, event: Event | None, step: Transition, name: str) -> None:
        claimed = {write.path: write.digest for write in event.writes} if event else {}
        for path, digest in claimed.items():
            present = self._state.get(path)
            if present not in (digest, _UNREADABLE):
                self._fault(name, f"{path} at {digest or 'no document'}", present or "no document")
        if step.is_cut:
            return
        others = sorted({*step.documents, *step.unreadable} - claimed.keys())
        if others:
            more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
            self._fault(
                name,
                "to change what its event names and nothing else",
                f"that it changed {', '.join(others[:_SHOWN])}{more}",
            )

    def _judge(self, path: str, content: bytes, filing: Filing) -> None:
        """Looks at one document by itself."""
        try:
            value = parse_json(content, what=path)
            expected, found = _fault_of(path, content, value, filing, depth=self.depth)
        except NotARegistry as error:
            self._present[path] = [_document(path, "unknown", found=error.message)]
            return
        except FtRegistryError as error:
            expected, found = f"a document of {filing.document.SCHEMA}", error.message
            value = None
        if expected:
            self._present[path] = [_document(path, "changed", expected=expected, found=found)]
        elif isinstance(value, dict):
            self._note(path, value)

    def _note(self, path: str, value: dict[str, Any]) -> None:
        """Remembers what the document cites."""
        model, version, record = (value.get(key) for key in ("model", "version", "record"))
        if isinstance(model, str) and isinstance(version, int) and isinstance(record, str):
            self._records[path] = (layout.version(model, version), record)
        code = value.get("code")
        commit = code.get("commit") if isinstance(code, dict) else value.get("commit")
        if isinstance(commit, str):
            self.cited[path] = commit

    def _fault(self, name: str, expected: str, found: str) -> None:
        self.chain.append(Finding("chain", name, "changed", expected=expected, found=found))


def _fault_of(
    path: str, content: bytes, value: Any, filing: Filing, *, depth: Depth
) -> tuple[str, str]:
    """Returns what is expected of a document and what is found instead; empty: it is right.

    Raises:
        IntegrityError, NotARegistry, InvalidInput: It does not follow its schema.
    """
    if (
        depth == "fast"
        and isinstance(value, dict)
        and value.get("schema") == filing.document.SCHEMA
    ):
        return "", ""
    document = filing.document.parse(content, what=path)
    if canonical_bytes(value) != content:
        return "canonical JSON", "another form of it"
    place = filing.place(document, model_of(path))
    return ("", "") if place == path else (f"to lie at {place}", path)


def _pins(ledger: Ledger, cited: dict[str, str]) -> list[Finding]:
    """Returns what became of the code commits that documents cite."""
    by_commit: dict[str, list[str]] = {}
    for path, commit in sorted(cited.items()):
        by_commit.setdefault(commit, []).append(path)
    states = ledger.pins(by_commit)
    findings = []
    for commit, paths in by_commit.items():
        state = states.get(commit, "missing")
        if state == "kept":
            continue
        # At hand without a pin: damage can come of it later, none is done; a fresh clone is so.
        judged: State = "unknown" if state in ("elsewhere", "loose") else "missing"
        found = {
            "elsewhere": "it is not at hand here: ft-registry sync fetches what others cite",
            "loose": "it is at hand, but no pin keeps it here: ft-registry sync fetches pins",
        }.get(state, "no such commit")
        findings.append(
            Finding(
                "pin",
                commit,
                judged,
                subject=version_of(paths[0]),
                place=paths[0],
                expected="the commit, and a pin that keeps it" if judged == "missing" else "",
                found=found,
            )
        )
    if not findings and cited:
        findings.append(Finding("pin", "code commits", "ok", found=f"{len(by_commit)} commits"))
    return findings


def _document(
    path: str, state: State, *, place: str = "", expected: str = "", found: str = ""
) -> Finding:
    return Finding(
        "document", path, state, subject=version_of(path), place=place, expected=expected,
        found=found,
    )  # fmt: skip
