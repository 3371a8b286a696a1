"""Complete values for tests that are about one field of them."""

from typing import Any

from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, Harness, ItemTable, Score
from ft_registry.model.event import Event, LoggedEvent
from ft_registry.model.origin import Actor
from ft_registry.model.record import (
    Artifact,
    Code,
    Config,
    Environment,
    FolderBase,
    HostedBase,
    HubBase,
    PeftSettings,
    Run,
    Stage,
    Tokenizer,
    VersionBase,
    VersionRecord,
)
from ft_registry.model.snapshot import Dataset, DvcHash
from ft_registry.model.version_row import VersionRow

ADA = Actor(name="Ada", email="ada@example.org")
NOON = "2026-07-01T12:00:00.000000Z"
WHY = Unknown(unknown="nobody said")


def sha(digit: str) -> str:
    """Returns a digest that consists of one digit."""
    return "sha256:" + digit * 64


def make_dataset(role: str = "train", path: str = "data/train.jsonl", **changes: Any) -> Dataset:
    fields: dict[str, Any] = {
        "path": path,
        "dvc": DvcHash(md5="1" * 32, size=120, nfiles=1),
        "sha256": sha("1"),
        "rows": 3,
        "role": role,
        "name": "train",
        "pointer": f"{path}.dvc",
        "records_root": WHY,
    }
    return Dataset(**(fields | changes))


HUB = HubBase(id="acme/tiny", revision="c0ffee1", digest=WHY)
HOSTED = HostedBase(service="openai", id="gpt-4o", digest=WHY)
FOLDER = FolderBase(id="base", revision=WHY, digest=sha("b"))
CHAIN = VersionBase(version="support/1", record=sha("c"))


def make_record(**changes: Any) -> VersionRecord:
    fields: dict[str, Any] = {
        "model": "support",
        "version": 2,
        "identity": sha("2"),
        "kind": "adapter",
        "method": "sft",
        "artifact": Artifact(
            uri="models:/m-" + "0" * 32,
            folder="adapter",
            digest=sha("a"),
            size=7,
            files=(),
            peft=PeftSettings(peft_type="LORA", r=8, lora_alpha=16.0),
        ),
        "base": HUB,
        "data": (make_dataset(),),
        "code": Code(repo=WHY, commit="d" * 40, branch="main", dirty=False, patch=WHY),
        "config": Config(files={"params.yaml": {"lr": 0.001}}, digest=sha("f")),
        "tokenizer": Tokenizer(digest=WHY, chat_template=WHY),
        "environment": Environment(
            python="3.11.7", platform="Linux", lock=WHY, packages=sha("e"), accelerator=WHY
        ),
        "pipeline": Stage(stage="train", cmd="python train.py", deps=(), outs=(), lock=sha("9")),
        "run": Run(run_id="5" * 32, logged_model_id="m-" + "0" * 32),
        "cost": WHY,
        "seeds": {"params.yaml.seed": 7},
        "parents": (),
        "registered_at": NOON,
        "registered_by": ADA,
        "host": "bench",
    }
    return VersionRecord(**(fields | changes))


def make_evaluation(**changes: Any) -> Evaluation:
    fields: dict[str, Any] = {
        "model": "support",
        "version": 2,
        "record": sha("2"),
        "suite": "dates",
        "scores": (Score(metric="exact_match", value=0.5, n=4),),
        "items": ItemTable(digest=sha("7"), rows=4, artifact="ftr/items/dates.jsonl"),
        "data": WHY,
        "harness": Harness(name="items"),
        "origin": sha("8"),
        "recorded_at": NOON,
        "recorded_by": ADA,
    }
    return Evaluation(**(fields | changes))


def make_event(type_: str, *, to: int | None, time: str = NOON, **changes: Any) -> LoggedEvent:
    event = Event(
        type=type_,  # type: ignore[arg-type]
        time=time,
        actor=ADA,
        host="bench",
        tool="ft-registry 0",
        nonce="00",
        subject=f"{type_} {to}",
        to=to,
        **changes,
    )
    return LoggedEvent(id=f"{type_}-{to}-{time}", event=event)


def make_row(version: int, **changes: Any) -> VersionRow:
    fields: dict[str, Any] = {
        "model": "support",
        "version": version,
        "digest": sha("2"),
        "kind": "adapter",
        "method": "sft",
        "base": "acme/tiny@c0ffee1",
        "data": (),
        "artifact": sha("a"),
        "size": 100 * version,
        "commit": "d" * 40,
        "registered_at": NOON,
        "registered_by": "Ada",
        "note": "",
    }
    return VersionRow(**(fields | changes))
