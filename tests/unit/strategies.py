"""Hypothesis strategies: any value of a field, any document."""

from datetime import UTC
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ft_registry.model.alias import AliasState
from ft_registry.model.approval import Approval
from ft_registry.model.baseline import Baseline
from ft_registry.model.document import Document, Unknown
from ft_registry.model.evaluation import (
    Correction,
    Evaluation,
    Harness,
    ItemTable,
    PublicSet,
    Score,
    ScoreInterval,
    SnapshotUse,
)
from ft_registry.model.event import Event, Requirement, Write
from ft_registry.model.examples import ExampleIndex, Profile, Spread
from ft_registry.model.home import Home
from ft_registry.model.manifest import FileEntry
from ft_registry.model.origin import Actor
from ft_registry.model.proof import LEVELS, Proof, ProofStep
from ft_registry.model.record import (
    Artifact,
    Code,
    Config,
    Environment,
    FolderBase,
    Hosted,
    HostedBase,
    HubBase,
    Patch,
    PeftSettings,
    Run,
    Stage,
    Tokenizer,
    VersionBase,
    VersionRecord,
)
from ft_registry.model.registered import IdentityPointer, ModelDocument, PackageList
from ft_registry.model.restored import RestoredFolder
from ft_registry.model.run_document import RunCode, RunDocument
from ft_registry.model.snapshot import (
    ROLES,
    DataContent,
    Dataset,
    DvcHash,
    LateIndex,
    Snapshot,
)
from ft_registry.model.standing import Standing
from ft_registry.model.time import timestamp
from ft_registry.model.tombstone import Tombstone
from ft_registry.model.verdict import (
    CheckFinding,
    ComparisonFinding,
    EvidenceUse,
    GroupFinding,
    Interval,
    OpponentUse,
    SliceFinding,
    Verdict,
)

law = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For a law that is quick to try; no deadline, because the machine is shared."""

EXACT = 2**53 - 1
texts = st.text(max_size=12)
whole = st.integers(0, EXACT)
versions = st.integers(1, EXACT)
finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers(-EXACT, EXACT) | finite | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
json_objects = st.dictionaries(texts, json_values, max_size=3)

hex64 = st.binary(min_size=32, max_size=32).map(bytes.hex)
digests = hex64.map("sha256:".__add__)
md5s = st.builds(
    "{}{}".format, st.binary(min_size=16, max_size=16).map(bytes.hex), st.sampled_from(["", ".dir"])
)
timestamps = st.datetimes(timezones=st.just(UTC)).map(timestamp)
model_names = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,20}[A-Za-z0-9])?", fullmatch=True)
alias_names = st.from_regex(r"[a-u](?:[a-z0-9_-]{0,20}[a-z0-9])?", fullmatch=True).filter(
    lambda text: text != "latest"
)
_segments = st.text(
    st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=8
).filter(lambda text: text not in (".", ".."))
paths = st.lists(_segments, min_size=1, max_size=3).map("/".join)

unknowns = st.builds(Unknown, unknown=texts)
actors = st.builds(Actor, name=texts, email=texts)
entries = st.builds(FileEntry, path=paths, size=whole, sha256=hex64)
dvc_hashes = st.builds(DvcHash, md5=md5s, size=whole, nfiles=whole)
contents = st.builds(DataContent, path=paths, dvc=dvc_hashes, sha256=digests, rows=whole | unknowns)
spreads = st.builds(Spread, mean=finite, p50=whole, p90=whole, p99=whole, max=whole)
counts = st.dictionaries(texts, whole, max_size=2)
profiles = st.builds(
    Profile,
    format=texts,
    rows=whole,
    unit=texts,
    prompts=spreads,
    answers=spreads,
    totals=spreads,
    turns=spreads,
    duplicates=whole,
    near_duplicates=whole,
    labels=counts,
    label_count=whole,
    sources=counts,
    languages=counts,
    systems=whole,
    foreign=whole,
    faults=counts,
    warnings=st.lists(texts, max_size=2).map(tuple),
)
example_indexes = st.builds(
    ExampleIndex,
    path=paths,
    md5=md5s,
    size=whole,
    sha256=digests,
    rows=whole,
    root=digests,
    key=st.just("") | texts,
    subject=st.just("") | texts,
)
datasets = st.builds(
    Dataset,
    path=paths,
    dvc=dvc_hashes,
    sha256=digests,
    rows=whole | unknowns,
    role=st.sampled_from(ROLES),
    name=texts,
    pointer=texts,
    records_root=digests | unknowns,
    profile=st.none() | profiles,
)
bases = (
    st.builds(HubBase, id=texts, revision=texts | unknowns, digest=digests | unknowns)
    | st.builds(FolderBase, id=texts, revision=texts | unknowns, digest=digests)
    | st.builds(VersionBase, version=texts, record=digests)
    | st.builds(HostedBase, service=texts, id=texts, digest=unknowns)
    | unknowns
)
peft_settings = st.builds(
    PeftSettings,
    peft_type=texts,
    task_type=st.none() | texts,
    r=st.none() | whole,
    lora_alpha=st.none() | finite,
    lora_dropout=st.none() | finite,
    bias=st.none() | texts,
    target_modules=st.none() | texts | st.lists(texts, max_size=3),
    modules_to_save=st.none() | st.lists(texts, max_size=3),
)
artifacts = st.builds(
    Artifact,
    uri=texts,
    folder=texts,
    digest=digests,
    size=whole,
    files=st.lists(entries, max_size=3).map(tuple),
    peft=peft_settings | unknowns,
    hosted=st.none() | st.builds(Hosted, service=texts, model=texts, job=texts),
)
_details = st.lists(json_objects, max_size=2).map(tuple)

records = st.builds(
    VersionRecord,
    model=model_names,
    version=versions,
    identity=digests,
    kind=st.sampled_from(["adapter", "full", "merged", "quantized"]),
    method=texts | unknowns,
    artifact=artifacts,
    base=bases,
    data=st.lists(datasets, max_size=2).map(tuple),
    code=st.builds(
        Code,
        repo=texts | unknowns,
        commit=texts,
        branch=texts | unknowns,
        dirty=st.booleans(),
        patch=st.builds(Patch, digest=digests, size=whole, artifact=texts) | unknowns,
        left_out=st.lists(texts, max_size=2).map(tuple),
    ),
    config=st.builds(Config, files=json_objects, digest=digests),
    tokenizer=st.builds(Tokenizer, digest=texts | unknowns, chat_template=texts | unknowns),
    environment=st.builds(
        Environment,
        python=texts,
        platform=texts,
        lock=entries | unknowns,
        packages=digests,
        accelerator=texts | unknowns,
    ),
    pipeline=st.builds(Stage, stage=texts, cmd=texts, deps=_details, outs=_details, lock=digests)
    | unknowns,
    run=st.builds(Run, run_id=texts, logged_model_id=texts),
    cost=unknowns,
    seeds=st.dictionaries(texts, st.integers(-EXACT, EXACT), max_size=2) | unknowns,
    parents=st.lists(texts, max_size=2).map(tuple),
    note=texts,
    registered_at=timestamps,
    registered_by=actors,
    host=texts,
)
events = st.builds(
    Event,
    type=st.sampled_from(["init", "snapshot", "register", "evaluate", "promote", "rollback"]),
    time=timestamps,
    actor=actors,
    host=texts,
    tool=texts,
    nonce=texts,
    subject=texts,
    reason=texts,
    model=st.none() | texts,
    version=st.none() | whole,
    alias=st.none() | texts,
    previous=st.none() | whole,
    to=st.none() | whole,
    requires=st.lists(
        st.builds(Requirement, path=paths, digest=st.none() | digests), max_size=2
    ).map(tuple),
    writes=st.lists(st.builds(Write, path=paths, digest=digests), max_size=2).map(tuple),
)
scores = st.builds(
    Score,
    metric=texts,
    value=finite,
    n=whole,
    task=texts,
    filter=texts,
    stderr=st.none() | finite,
    higher_is_better=st.none() | st.booleans(),
    interval=st.none()
    | st.builds(ScoreInterval, low=finite, high=finite, level=finite, method=texts),
)
_counts = st.dictionaries(texts, whole, max_size=2)
harnesses = st.builds(
    Harness,
    name=texts,
    version=texts,
    tasks=st.dictionaries(texts, texts, max_size=2),
    questions=st.dictionaries(texts, texts, max_size=2),
    prompts=texts,
    few_shot=_counts,
    few_shot_digest=texts,
    settings=json_objects,
    seeds=_counts,
)
_measured = {"version": versions, "baseline": st.just("")}
_measured_baseline = {"version": st.none(), "baseline": alias_names}
_evaluation = {
    "model": model_names,
    "record": digests,
    "suite": texts,
    "scores": st.lists(scores, max_size=3).map(tuple),
    "items": st.builds(ItemTable, digest=digests, rows=whole, artifact=texts) | unknowns,
    "data": st.builds(SnapshotUse, name=texts, key=texts, sha256=digests | unknowns)
    | st.builds(PublicSet, name=texts, revision=texts)
    | unknowns,
    "harness": harnesses,
    "origin": digests,
    "source": texts,
    "partial": texts,
    "trusted": texts,
    "supersedes": st.lists(texts, max_size=2).map(tuple),
    "measured_at": st.none() | timestamps,
    "seconds": st.none() | finite,
    "cost": st.none() | finite,
    "notes": st.lists(texts, max_size=2).map(tuple),
    "identity": st.none() | digests,
    "recorded_at": timestamps,
    "recorded_by": actors,
}
evaluations = st.builds(Evaluation, **_evaluation, **_measured) | st.builds(
    Evaluation, **_evaluation, **_measured_baseline
)
proof_steps = st.lists(
    st.builds(
        ProofStep,
        name=texts,
        state=st.sampled_from(["ok", "differs", "missing", "unknown"]),
        detail=texts,
    ),
    max_size=2,
).map(tuple)

outcomes = st.sampled_from(["pass", "fail", "inconclusive"])
_intervals = st.builds(
    Interval, value=finite, low=st.none() | finite, high=st.none() | finite, level=finite,
    n=st.integers(0, 99), method=texts, clusters=st.none() | st.integers(1, 9),
)  # fmt: skip
_comparisons = st.builds(
    ComparisonFinding, opponent=texts, suite=texts, metric=texts, before=finite, after=finite,
    delta=_intervals, null=finite, p=finite, alpha=finite, p_adjusted=st.none() | finite,
    items_needed=st.none() | st.integers(1, 99), worst=st.lists(texts, max_size=2).map(tuple),
    slices=st.lists(
        st.builds(SliceFinding, slice=texts, n=st.integers(0, 9), before=finite, after=finite,
                  p_worse=finite),
        max_size=2,
    ).map(tuple),
)  # fmt: skip
_checks = st.builds(
    CheckFinding, name=texts, kind=texts, outcome=outcomes, asked=texts, found=texts,
    score=st.none() | _intervals, comparison=st.none() | _comparisons, overridden=st.booleans(),
)  # fmt: skip


def _groups(
    findings: st.SearchStrategy[CheckFinding | GroupFinding],
) -> st.SearchStrategy[GroupFinding]:
    return st.builds(
        GroupFinding, joined=st.sampled_from(["all", "any"]), outcome=outcomes,
        findings=st.lists(findings, max_size=2).map(tuple),
    )  # fmt: skip


groups = _groups(_checks | _groups(_checks))

DOCUMENTS: dict[type[Document], st.SearchStrategy[Any]] = {
    AliasState: st.builds(
        AliasState,
        model=model_names,
        alias=alias_names,
        version=versions,
        record=digests,
        since=timestamps,
        by=actors,
        through=st.sampled_from(["promote", "rollback", "adopt"]),
    ),
    Baseline: st.builds(
        Baseline,
        model=model_names,
        label=alias_names,
        kind=st.sampled_from(["prompt", "rag", "other"]),
        base=texts,
        config=st.builds(Config, files=json_objects, digest=digests),
        uri=texts,
        run=st.builds(Run, run_id=texts, logged_model_id=texts),
        note=texts,
        recorded_at=timestamps,
        recorded_by=actors,
    ),
    Evaluation: evaluations,
    Correction: st.builds(Correction, model=model_names, evaluation=texts, by=texts, **_measured)
    | st.builds(Correction, model=model_names, evaluation=texts, by=texts, **_measured_baseline),
    Event: events,
    IdentityPointer: st.builds(IdentityPointer, identity=digests, version=versions),
    ModelDocument: st.builds(ModelDocument, name=model_names),
    PackageList: st.builds(PackageList, packages=st.dictionaries(texts, texts, max_size=3)),
    RunDocument: st.builds(
        RunDocument,
        run_id=hex64,
        model=model_names | unknowns,
        command=st.lists(texts, max_size=3).map(tuple),
        data=st.lists(datasets, max_size=1).map(
            lambda found: tuple(
                one.model_copy(update={"role": "train", "name": "train"}) for one in found
            )
        ),
        code=st.builds(
            RunCode,
            source=st.sampled_from(["git", "environment", "none"]),
            repo=texts | unknowns,
            commit=hex64 | unknowns,
            branch=texts | unknowns,
            dirty=st.booleans() | unknowns,
            patch=st.builds(Patch, digest=digests, size=whole, artifact=texts) | unknowns,
            left_out=st.lists(texts, max_size=2).map(tuple),
        ),
        config=st.builds(Config, files=json_objects, digest=digests),
        environment=st.builds(
            Environment,
            python=texts,
            platform=texts,
            lock=entries | unknowns,
            packages=digests,
            accelerator=texts | unknowns,
        ),
        stage=texts,
        experiment=texts,
        started_at=timestamps,
        started_by=actors,
        host=texts,
    ),
    Snapshot: st.builds(
        Snapshot,
        name=texts,
        content=contents,
        pointer=texts,
        commit=texts | unknowns,
        taken_at=timestamps,
        taken_by=actors,
        examples=st.none() | unknowns | example_indexes,
        profile=st.none() | profiles,
    ),
    LateIndex: st.builds(
        LateIndex,
        name=model_names,
        key=md5s | hex64,
        snapshot=digests,
        examples=example_indexes,
        profile=st.none() | profiles,
        since=timestamps,
        by=actors,
    ),
    Tombstone: st.builds(
        Tombstone,
        exact=hex64.map(lambda text: text[:32]),
        normal=st.just("") | hex64.map(lambda text: text[:16]),
        key=st.just("") | hex64.map(lambda text: text[:8]),
        group=st.just("") | hex64.map(lambda text: text[:16]),
        reason=texts,
        since=timestamps,
        by=actors,
    ),
    Home: st.builds(
        Home,
        model=model_names,
        version=versions,
        record=digests,
        uri=texts,
        run_id=texts,
        logged_model_id=texts,
        location=texts,
        since=timestamps,
        by=actors,
    ),
    Verdict: st.builds(
        Verdict,
        model=model_names,
        version=versions,
        record=digests,
        alias=alias_names,
        policy=st.none() | digests,
        outcome=outcomes,
        result=groups,
        overrides=st.lists(texts, max_size=2).map(tuple),
        opponents=st.lists(
            st.builds(OpponentUse, asked=texts, reference=texts, digest=digests), max_size=2
        ).map(tuple),
        evaluations=st.lists(
            st.builds(
                EvidenceUse, subject=texts, suite=texts, path=texts, digest=digests, data=texts
            ),
            max_size=2,
        ).map(tuple),
        approvals=st.dictionaries(texts, digests, max_size=2),
        uses=st.dictionaries(texts, st.integers(0, 9), max_size=2),
        decided_at=timestamps,
        decided_by=actors,
    ),
    Approval: st.builds(
        Approval,
        model=model_names,
        version=versions,
        record=digests,
        by=actors,
        at=timestamps,
        host=texts,
        reason=texts,
    ),
    Proof: st.builds(
        Proof,
        model=model_names,
        version=versions,
        record=digests,
        how=st.sampled_from(["restore", "reproduce"]),
        level=st.sampled_from(LEVELS),
        steps=proof_steps,
        python=texts,
        platform=texts,
        host=texts,
        recorded_at=timestamps,
        recorded_by=actors,
    ),
    RestoredFolder: st.builds(
        RestoredFolder,
        model=model_names,
        version=versions,
        record=digests,
        level=st.sampled_from(LEVELS),
        steps=proof_steps,
        lock=st.dictionaries(texts, texts, max_size=3),
        files=st.lists(entries, max_size=3).map(tuple),
        tool=texts,
        started_at=timestamps,
        finished_at=timestamps,
    ),
    Standing: st.builds(
        Standing,
        model=model_names,
        version=versions,
        record=digests,
        standing=st.sampled_from(["good", "bad", "deleted"]),
        alias=st.none() | alias_names,
        reason=texts,
        since=timestamps,
        by=actors,
    ),
    VersionRecord: records,
}
"""A strategy for each kind of document."""
