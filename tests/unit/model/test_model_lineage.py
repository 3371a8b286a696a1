"""The graph of what a version was made from."""

import pytest
from tests.unit.values import (
    CHAIN,
    FOLDER,
    HUB,
    WHY,
    make_dataset,
    make_evaluation,
    make_record,
    sha,
)

from ft_registry.model.lineage import Edge, Lineage, Node, add_version
from ft_registry.model.record import HubBase, VersionRecord

RECORD = sha("2")


def graph_of(*records: VersionRecord) -> Lineage:
    graph = Lineage(root="version:support/2")
    for record in records:
        add_version(graph, record, RECORD, [])
    return graph


def targets(graph: Lineage, relation: str) -> list[str]:
    return [edge.target for edge in graph.edges if edge.relation == relation]


def test_a_version_stands_with_everything_that_its_record_cites() -> None:
    graph = Lineage(root="version:support/2")
    add_version(graph, make_record(), RECORD, [make_evaluation()])
    assert [node.kind for node in graph.nodes.values()] == [
        "version", "base", "data", "code", "config", "evaluation",
    ]  # fmt: skip
    assert {edge.source for edge in graph.edges} == {"version:support/2"}


@pytest.mark.parametrize(
    ("role", "relation"),
    [
        ("train", "trained on"),
        ("preference", "trained on"),
        ("prompt", "trained on"),
        ("reward", "trained on"),
        ("source", "prepared from"),
        ("eval", "evaluated on"),
        ("calibration", "calibrated on"),
    ],
)
def test_the_role_of_data_says_how_it_served(role: str, relation: str) -> None:
    graph = graph_of(make_record(data=(make_dataset(role),)))
    assert targets(graph, relation) == ["data:" + sha("1")]


def test_two_versions_trained_on_the_same_bytes_meet_in_one_node() -> None:
    graph = graph_of(
        make_record(version=1),
        make_record(version=2, data=(make_dataset(path="copy/of/train.jsonl"),)),
    )
    assert [node.id for node in graph.nodes.values() if node.kind == "data"] == ["data:" + sha("1")]
    assert targets(graph, "trained on") == ["data:" + sha("1")] * 2


def test_a_base_is_named_by_its_bytes_where_they_are_known() -> None:
    hub = HubBase(id="acme/tiny", revision="c0ffee1", digest=sha("b"))
    graph = graph_of(make_record(version=1, base=hub), make_record(version=2, base=FOLDER))
    assert set(targets(graph, "tuned from")) == {"base:" + sha("b")}


@pytest.mark.parametrize(("base", "node"), [(HUB, "base:acme/tiny@c0ffee1"), (WHY, "base:unknown")])
def test_a_base_without_known_bytes_is_named_by_its_label(base: object, node: str) -> None:
    assert targets(graph_of(make_record(base=base)), "tuned from") == [node]


def test_a_base_that_is_a_version_is_returned_to_go_on_from() -> None:
    graph = Lineage(root="version:support/2")
    assert add_version(graph, make_record(base=CHAIN), RECORD, []) == "support/1"
    assert targets(graph, "tuned from") == []


@pytest.mark.parametrize("base", [HUB, FOLDER, WHY])
def test_any_other_base_is_the_end_of_the_line(base: object) -> None:
    assert add_version(Lineage(root="r"), make_record(base=base), RECORD, []) is None


def test_scores_stand_at_their_evaluation() -> None:
    graph = Lineage(root="version:support/2")
    add_version(graph, make_record(), RECORD, [make_evaluation()])
    (node,) = [node for node in graph.nodes.values() if node.kind == "evaluation"]
    assert node.label == "dates: exact_match 0.5000 (n=4)"
    assert targets(graph, "scored by") == [node.id]


def test_putting_a_version_in_twice_is_once() -> None:
    assert graph_of(make_record(), make_record()).as_json() == graph_of(make_record()).as_json()


def test_a_dirty_tree_is_told() -> None:
    code = make_record().code.model_copy(update={"dirty": True})
    graph = graph_of(make_record(code=code))
    assert graph.nodes["code:" + "d" * 40].label == "dddddddddddd, with a patch"


def test_as_json_a_graph_is_its_root_nodes_and_edges() -> None:
    graph = Lineage(root="a")
    graph.add(Node("a", "version", "A", {"record": RECORD}))
    graph.add(Node("b", "data", "B"))
    graph.connect("a", "b", "trained on")
    assert graph.as_json() == {
        "root": "a",
        "nodes": [
            {"id": "a", "kind": "version", "label": "A", "record": RECORD},
            {"id": "b", "kind": "data", "label": "B"},
        ],
        "edges": [{"from": "a", "to": "b", "relation": "trained on"}],
    }


def test_the_first_node_of_an_id_stays() -> None:
    graph = Lineage(root="a")
    graph.add(Node("a", "version", "first"))
    graph.add(Node("a", "version", "second"))
    assert graph.nodes["a"].label == "first"


def test_an_edge_stands_once() -> None:
    graph = Lineage(root="a")
    graph.connect("a", "b", "code")
    graph.connect("a", "b", "code")
    assert graph.edges == [Edge("a", "b", "code")]
