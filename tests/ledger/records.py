"""A small world of versions, evaluations and aliases, and what a full scan of it answers."""

import json
import random
from dataclasses import dataclass, field

from tests.ledger.changes import ADA, make_change

from ft_registry.model import layout
from ft_registry.model.alias import AliasState
from ft_registry.model.canonical import digest, digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import Evaluation, Harness, ItemTable, Score, score_table
from ft_registry.model.manifest import FileEntry
from ft_registry.model.record import (
    Artifact,
    Code,
    Config,
    Environment,
    HubBase,
    Run,
    Tokenizer,
    VersionRecord,
)
from ft_registry.model.snapshot import Dataset, DvcHash
from ft_registry.model.standing import Standing
from ft_registry.model.version_row import VersionRow, hashes_of, row_of
from ft_registry.ports.index import HashUse
from ft_registry.ports.ledger import Change, Ledger

MODELS = ("dates", "sizes-2")
UNKNOWN = Unknown(unknown="the test does not say")


def make_record(model: str, number: int, *, data: str = "train", commit: str = "") -> VersionRecord:
    """Returns a record; everything in it follows from the arguments."""
    seed = f"{model}/{number}"
    trained = Dataset(
        path=f"data/{data}.jsonl", role="train", name=data, pointer=f"data/{data}.jsonl.dvc",
        dvc=DvcHash(md5=digest(data)[7:39], size=10, nfiles=1), sha256=digest(data), rows=3,
        records_root=UNKNOWN,
    )  # fmt: skip
    weights = FileEntry(path="adapter.safetensors", size=7, sha256=digest(seed)[7:])
    return VersionRecord(
        model=model,
        version=number,
        identity=digest(f"identity of {seed}"),
        kind="adapter",
        method="sft" if number % 2 else UNKNOWN,
        artifact=Artifact(
            uri=f"models:/m-{number:032x}", folder="adapter", digest=digest(f"weights of {seed}"),
            size=7, files=(weights,), peft=UNKNOWN,
        ),
        base=HubBase(id="org/base", revision="a" * 40, digest=digest("base")),
        data=(trained,),
        code=Code(
            repo=UNKNOWN, commit=commit or f"{number % 3:040x}", branch=UNKNOWN,
            dirty=False, patch=UNKNOWN,
        ),
        config=Config(files={}, digest=digest({})),
        tokenizer=Tokenizer(digest=UNKNOWN, chat_template=UNKNOWN),
        environment=Environment(
            python="3.11", platform="linux", lock=UNKNOWN, packages=digest([]), accelerator=UNKNOWN
        ),
        pipeline=UNKNOWN,
        run=Run(run_id=f"{number:032x}", logged_model_id=f"m-{number:032x}"),
        cost=UNKNOWN,
        seeds=UNKNOWN,
        parents=(make_record(model, number - 1, data=data).digest,) if number == 2 else (),
        registered_at=f"2026-11-24T09:30:00.{number:06}Z",
        registered_by=ADA,
        host="here",
    )  # fmt: skip


@dataclass
class World:
    """Makes changes that could have been commands, at random but always the same."""

    seed: int
    versions: dict[str, int] = field(default_factory=dict)
    evaluated: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._named: set[tuple[str, str]] = set()

    def next_change(self) -> Change:
        """Returns the next thing that happens."""
        model = self._random.choice(MODELS)
        known = self.versions.get(model, 0)
        happening = self._random.choice(
            ["register", "register", "evaluate", "promote", "judge", "retire", "snapshot"]
        )
        if happening == "register" or not known:
            return self.register(model)
        if happening == "evaluate":
            return self._evaluate(model, self._random.randint(1, known))
        if happening == "promote":
            alias = self._random.choice(["champion", "candidate"])
            return self.promote(model, self._random.randint(1, known), alias)
        if happening == "judge":
            return self._judge(model, self._random.randint(1, known))
        if happening == "retire" and self._named:
            model, alias = self._named.pop()
            return make_change({layout.alias(model, alias): None}, type="adopt")
        return make_change({f"data/x/{self.evaluated}.json": b"{}"})

    def register(self, model: str) -> Change:
        """Returns the registration of the next version."""
        number = self.versions[model] = self.versions.get(model, 0) + 1
        record = make_record(model, number, data=self._random.choice(["train", "more"]))
        return make_change(
            {
                layout.model(model): b"{}",
                layout.version(model, number): record.to_bytes(),
                layout.identity(model, record.identity): b"{}",
            },
            type="register",
        )

    def promote(self, model: str, number: int, alias: str) -> Change:
        """Returns a move of an alias."""
        self._named.add((model, alias))
        state = AliasState(
            model=model, alias=alias, version=number, record=digest(number),
            since="2026-11-24T09:30:00.000000Z", by=ADA, through="promote",
        )  # fmt: skip
        return make_change({layout.alias(model, alias): state.to_bytes()}, type="promote")

    def _judge(self, model: str, number: int) -> Change:
        verdict = self._random.choice(["good", "bad"])
        standing = Standing(
            model=model, version=number, record=digest(number), standing=verdict, alias=None,
            reason="", since="2026-11-24T09:30:00.000000Z", by=ADA,
        )  # fmt: skip
        return make_change({layout.standing(model, number): standing.to_bytes()}, type="rollback")

    def _evaluate(self, model: str, number: int) -> Change:
        self.evaluated += 1
        evaluation = Evaluation(
            model=model, version=number, record=digest(number),
            suite=self._random.choice(["easy", "hard"]),
            scores=(
                Score(metric="exact", value=self._random.random(), n=3),
                Score(metric="loss", value=float(self.evaluated), n=3),
            ),
            items=ItemTable(digest=digest(self.evaluated), rows=3, artifact="items.jsonl"),
            data=UNKNOWN, harness=Harness(name="items"), origin=digest(self.evaluated),
            # Some at the same moment, some before those that are on record.
            recorded_at=f"2026-11-24T09:30:0{self._random.randint(0, 3)}.000000Z",
            recorded_by=ADA,
        )  # fmt: skip
        path = layout.evaluation(model, number, evaluation.id)
        return make_change({path: evaluation.to_bytes()}, type="evaluate")


def scan_rows(ledger: Ledger) -> list[VersionRow]:
    """Returns the rows by reading every document there is."""
    rows = []
    for model, number, content in _records(ledger):
        folder = layout.evaluations(model, number)
        found = ledger.read_many(ledger.paths(folder))
        evaluations = [Evaluation.parse(found[path], what=path) for path in sorted(found)]
        aliases = _aliases(ledger, model)
        fields = row_of(json.loads(content), digest=digest_bytes(content))
        rows.append(
            VersionRow(
                model=model,
                version=number,
                aliases=tuple(sorted(a for a, named in aliases.items() if named == number)),
                standing=_standing(ledger, model, number),
                scores=score_table(evaluations),
                **{**fields, "data": tuple(fields["data"])},
            )
        )
    return rows


def scan_uses(ledger: Ledger) -> dict[str, list[HashUse]]:
    """Returns, by reading every record there is, who names which hash."""
    uses: dict[str, set[HashUse]] = {}
    for model, number, content in _records(ledger):
        for hash_, kind in hashes_of(json.loads(content), digest_bytes(content)):
            uses.setdefault(hash_, set()).add(HashUse(kind, model, number))
    return {hash_: sorted(found, key=_order) for hash_, found in uses.items()}


def _order(use: HashUse) -> tuple[str, int, str]:
    return use.model, use.number, use.kind


def _records(ledger: Ledger) -> list[tuple[str, int, bytes]]:
    contents = ledger.read_many(p for p in ledger.paths("models") if "/versions/" in p)
    return sorted(
        (path.split("/")[1], int(path.rpartition("/")[2].removesuffix(".json")), content)
        for path, content in contents.items()
    )


def _standing(ledger: Ledger, model: str, number: int) -> str:
    content = ledger.read(layout.standing(model, number))
    return Standing.parse(content, what="it").standing if content is not None else ""


def _aliases(ledger: Ledger, model: str) -> dict[str, int]:
    contents = ledger.read_many(ledger.paths(layout.aliases(model)))
    states = (AliasState.parse(content, what=path) for path, content in contents.items())
    return {state.alias: state.version for state in states}
