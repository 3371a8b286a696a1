"""Chains: a version and those that it was made from, one stage after the other."""

from typing import Any

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.unit.actions.stage import make_context
from tests.unit.values import HUB, make_dataset, make_record, sha

from ft_registry.actions.ancestry import ancestors, follow
from ft_registry.actions.events import make_event
from ft_registry.actions.init import init_ledger
from ft_registry.actions.lineage import lineage
from ft_registry.actions.resolve import FiledRecord, read_record
from ft_registry.actions.show import show
from ft_registry.errors import FtRegistryError, IntegrityError, NotFound
from ft_registry.model import layout
from ft_registry.model.record import VersionBase
from ft_registry.model.reference import VersionReference
from ft_registry.model.registered import ModelDocument
from ft_registry.ports.ledger import Change

SECOND = VersionReference("support", 2)


def ledger_of(*records: Any) -> MemoryLedger:
    ledger, context = MemoryLedger(), make_context()
    init_ledger(ledger, context)
    event = make_event(context, "register", "register", model="support", version=1)
    documents = {layout.version("support", one.version): one.to_bytes() for one in records}
    documents[layout.model("support")] = ModelDocument(name="support").to_bytes()
    ledger.append(Change(event=event, documents=documents, requires=()))
    return ledger


def chain() -> MemoryLedger:
    """Returns CPT -> SFT -> DPO -> merged -> quantised, each on data of its own."""
    made: list[FiledRecord] = []
    stages = [
        ("cpt", "full"), ("sft", "adapter"), ("dpo", "adapter"), ("merge", "merged"),
        ("quantize", "quantized"),
    ]  # fmt: skip
    for number, (method, kind) in enumerate(stages, 1):
        base: Any = HUB
        if made:
            base = VersionBase(version=f"support/{number - 1}", record=made[-1].digest)
        data = (make_dataset(path=f"data/{method}.jsonl", sha256=sha(str(number))),)
        record = make_record(
            version=number, method=method, kind=kind, base=base,
            data=data if kind in ("full", "adapter") else (),
        )  # fmt: skip
        made.append(FiledRecord(record, record.to_bytes()))
    return ledger_of(*(filed.record for filed in made))


class NoIndex:
    def uses(self, _: str) -> list[Any]:
        return []


def test_every_stage_stands_in_the_lineage_with_its_data_and_how_it_was_made() -> None:
    ledger = chain()
    graph = lineage(ledger, NoIndex(), VersionReference("support", 5), down=False)  # type: ignore[arg-type]
    made = {edge.source: edge.relation for edge in graph.edges if edge.relation.endswith(" from")}
    assert made == {
        "version:support/5": "quantized from",
        "version:support/4": "merged from",
        "version:support/3": "tuned from",
        "version:support/2": "tuned from",
        "version:support/1": "tuned from",
    }
    data = [node.details["path"] for node in graph.nodes.values() if node.kind == "data"]
    assert sorted(data) == ["data/cpt.jsonl", "data/dpo.jsonl", "data/sft.jsonl"]


def test_what_is_shown_of_a_version_goes_down_to_the_weights_from_outside() -> None:
    ledger = chain()
    found = show(ledger, VersionReference("support", 5)).ancestry
    assert [one.record.version for one in found.stages] == [5, 4, 3, 2, 1]
    assert found.end is None
    assert [one.number for one in ancestors(ledger, VersionReference("support", 3))] == [3, 2, 1]


def circle() -> MemoryLedger:
    second = make_record(version=2, base=VersionBase(version="support/1", record=sha("c")))
    back = VersionBase(version="support/2", record=second.digest)
    return ledger_of(make_record(version=1, base=back), second)


def itself() -> MemoryLedger:
    return ledger_of(make_record(version=2, base=VersionBase(version="support/2", record=sha("c"))))


def cut() -> MemoryLedger:
    return ledger_of(make_record(version=2, base=VersionBase(version="support/7", record=sha("c"))))


@pytest.mark.parametrize(
    ("ledger", "error"),
    [(circle(), IntegrityError), (itself(), IntegrityError), (cut(), NotFound)],
    ids=["circle", "itself", "cut"],
)
def test_a_chain_that_leads_in_a_circle_or_nowhere_is_refused(
    ledger: MemoryLedger, error: type[FtRegistryError]
) -> None:
    with pytest.raises(error, match="support/"):
        ancestors(ledger, SECOND)
    with pytest.raises(error, match="support/"):
        lineage(ledger, NoIndex(), SECOND, down=False)  # type: ignore[arg-type]
    assert isinstance(follow(ledger, read_record(ledger, SECOND)).end, error)
    assert isinstance(show(ledger, SECOND).ancestry.end, error), "the version itself is shown"
