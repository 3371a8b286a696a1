"""Makes a long ledger quickly: real documents, handed to `git fast-import` commit by commit."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from lab import Lab

from ft_registry.backends.git.message import format_message
from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.canonical import canonical_bytes, digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, Harness, ItemTable, Score, SnapshotUse
from ft_registry.model.event import Event, EventType, Write
from ft_registry.model.manifest import FileEntry, manifest_digest
from ft_registry.model.origin import Actor
from ft_registry.model.record import (
    Artifact,
    Code,
    Config,
    Environment,
    HubBase,
    PeftSettings,
    Run,
    Tokenizer,
    VersionRecord,
)
from ft_registry.model.registered import IdentityPointer, ModelDocument, PackageList
from ft_registry.model.snapshot import Dataset, DvcHash
from ft_registry.model.time import timestamp

MODEL = "support-dates"
ADA = Actor(name="Ada", email="ada@example.org")
_BRANCH = "refs/heads/ft-registry"
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_PACKAGES = PackageList(packages={f"package-{number}": "1.0.0" for number in range(150)})


def write_ledger(lab: Lab, versions: int) -> None:
    """Gives a repository a ledger with one model.

    Args:
        lab: Inside a repository without a ledger.
        versions: How many versions it has; the last one is champion.
    """
    commit = lab.run("git", "rev-parse", "HEAD").strip()
    stream = b"".join(_stream(versions, commit))
    lab.run("git", "fast-import", "--quiet", stdin=stream)


def _stream(versions: int, commit: str) -> Iterator[bytes]:
    begun = {layout.FORMAT: canonical_bytes({"format": layout.FORMAT_VERSION})}
    yield _event(0, "init", "begin the ledger", begun)
    record = None
    for number in range(1, versions + 1):
        record = _record(number, commit)
        evaluation = _evaluation(record, number)
        pointer = IdentityPointer(identity=record.identity, version=number)
        documents = {
            layout.version(MODEL, number): record.to_bytes(),
            layout.identity(MODEL, record.identity): pointer.to_bytes(),
            layout.evaluation(MODEL, number, evaluation.id): evaluation.to_bytes(),
        }
        if number == 1:
            documents[layout.model(MODEL)] = ModelDocument(name=MODEL).to_bytes()
            documents[layout.environment(_PACKAGES.digest)] = _PACKAGES.to_bytes()
        yield _event(number, "register", f"register {record.reference}: sft adapter", documents)
    if record is not None:
        yield _promotion(record)


def _promotion(record: VersionRecord) -> bytes:
    state = AliasState(
        model=MODEL,
        alias="champion",
        version=record.version,
        record=record.digest,
        since=_stamp(record.version + 1),
        by=ADA,
        through="promote",
    )
    documents = {layout.alias(MODEL, "champion"): state.to_bytes()}
    subject = f"promote {record.reference} to champion"
    return _event(record.version + 1, "promote", subject, documents)


def _event(number: int, type_: EventType, subject: str, documents: dict[str, bytes]) -> bytes:
    event = Event(
        type=type_,
        time=_stamp(number),
        actor=ADA,
        host="bench",
        tool="benchmarks",
        nonce=_hex(f"nonce {number}")[:16],
        subject=subject,
        model=None if type_ == "init" else MODEL,
        writes=tuple(Write(path=path, digest=digest_bytes(c)) for path, c in documents.items()),
    )
    seconds = int((_BEGINNING + timedelta(minutes=number)).timestamp())
    lines = [
        f"commit {_BRANCH}\ncommitter {ADA.as_text()} {seconds} +0000\n".encode(),
        _data(format_message(event)),
    ]
    for path, content in {**documents, layout.EVENT: event.to_bytes()}.items():
        lines += [f"M 100644 inline {path}\n".encode(), _data(content)]
    return b"".join(lines)


def _data(content: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(content), content)


def _record(number: int, commit: str) -> VersionRecord:
    files = tuple(
        FileEntry(path=path, size=size, sha256=_hex(f"{path} {number}"))
        for path, size in (("adapter_config.json", 900), ("adapter_model.safetensors", 80_000_000))
    )
    config = {"params.yaml": {"seed": 7, "train": {"learning_rate": 5e-5, "epochs": number % 5}}}
    return VersionRecord(
        model=MODEL,
        version=number,
        identity="sha256:" + _hex(f"identity {number}"),
        kind="adapter",
        method="sft",
        artifact=Artifact(
            uri=f"models:/m-{_hex(f'model {number}')[:32]}",
            folder="adapter",
            digest=manifest_digest(files),
            size=sum(entry.size for entry in files),
            files=files,
            peft=PeftSettings(peft_type="LORA", r=16, lora_alpha=32, target_modules=["q_proj"]),
        ),
        base=HubBase(
            id="base/llm-8b", revision=_hex("base")[:40], digest="sha256:" + _hex("base weights")
        ),
        data=(_dataset("train", number // 10), _dataset("eval", 0)),
        code=Code(
            repo="https://git.example.org/team/support-dates",
            commit=commit,
            branch="main",
            dirty=False,
            patch=Unknown(unknown="the tree held nothing that the commit does not"),
        ),
        config=Config(files=config, digest=digest_bytes(canonical_bytes(config))),
        tokenizer=Tokenizer(
            digest="sha256:" + _hex("tokenizer"), chat_template=Unknown(unknown="there is none")
        ),
        environment=Environment(
            python="3.11.0",
            platform="Linux",
            lock=Unknown(unknown="there is no lock file at the top level"),
            packages=_PACKAGES.digest,
            accelerator=Unknown(unknown="the registering process does not train"),
        ),
        pipeline=Unknown(unknown="no stage of dvc.lock has the folder as its output"),
        run=Run(run_id=_hex(f"run {number}")[:32], logged_model_id=_hex(f"model {number}")[:32]),
        cost=Unknown(unknown="no cost was reported"),
        seeds={"seed": 7},
        parents=(),
        registered_at=_stamp(number),
        registered_by=ADA,
        host="bench",
    )


def _dataset(role: str, edition: int) -> Dataset:
    return Dataset(
        path=f"data/{role}.jsonl",
        dvc=DvcHash(md5=_hex(f"{role} {edition}")[:32], size=1_000_000, nfiles=1),
        sha256="sha256:" + _hex(f"{role} {edition}"),
        rows=1000,
        role=role,
        name=role,
        pointer=f"data/{role}.jsonl.dvc",
        records_root=Unknown(unknown="examples are not indexed"),
    )


def _evaluation(record: VersionRecord, number: int) -> Evaluation:
    return Evaluation(
        model=MODEL,
        version=number,
        record=record.digest,
        suite="dates",
        scores=(Score(metric="exact_match", value=round(0.5 + number % 97 / 200, 4), n=200),),
        items=ItemTable(
            digest="sha256:" + _hex(f"items {number}"), rows=200, artifact="ftr/items.jsonl"
        ),
        data=SnapshotUse(
            name=record.data[1].name, key=record.data[1].key, sha256=record.data[1].sha256
        ),
        harness=Harness(name="items"),
        origin="sha256:" + _hex(f"origin {number}"),
        recorded_at=_stamp(number),
        recorded_by=ADA,
    )


def _stamp(number: int) -> str:
    return timestamp(_BEGINNING + timedelta(minutes=number))


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
