"""Reading a document and writing it again changes no byte; what is none is refused in words."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import DOCUMENTS, json_objects, json_values, law
from tests.unit.values import NOON, make_evaluation, make_event, make_record, sha

from ft_registry.errors import FtRegistryError, IntegrityError, InvalidInput, NotARegistry
from ft_registry.model.alias import AliasState
from ft_registry.model.canonical import canonical_bytes, digest_bytes, parse_json
from ft_registry.model.document import Document
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.event import Event
from ft_registry.model.origin import Actor
from ft_registry.model.record import VersionRecord
from ft_registry.model.registered import ModelDocument

KINDS = pytest.mark.parametrize("kind", DOCUMENTS, ids=lambda kind: kind.__name__)
FREE = ("seeds", "packages", "labels", "sources", "languages", "faults",
        "tasks", "questions", "few_shot", "settings", "unread", "uses", "approvals")  # fmt: skip
"""Mappings whose keys are data: there is no unknown field in them."""


def with_unknown_fields(value: Any, extra: Any) -> Any:
    """Returns the value with a field that nobody knows in each object, however deep."""
    if isinstance(value, list):
        return [with_unknown_fields(item, extra) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {
        key: item if key in FREE else with_unknown_fields(item, extra)
        for key, item in value.items()
    }
    return {**inner, "from the future": extra}


def parse_or_refuse(kind: type[Document], data: bytes) -> None:
    """Only an error that a user is told in words may come out."""
    with contextlib.suppress(FtRegistryError):
        kind.parse(data, what="it").to_bytes()


def test_each_kind_of_document_is_tried_here() -> None:
    assert set(Document.__subclasses__()) == set(DOCUMENTS)


@KINDS
@given(data=st.data())
@law
def test_parsing_undoes_writing(kind: type[Document], data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS[kind])
    written = document.to_bytes()
    read = kind.parse(written, what="it")
    assert read == document
    assert read.to_bytes() == written


@KINDS
@given(data=st.data(), extra=json_values)
@law
def test_unknown_fields_survive_however_deep(
    kind: type[Document], data: st.DataObject, extra: Any
) -> None:
    document = data.draw(DOCUMENTS[kind])
    value = parse_json(document.to_bytes(), what="it")
    written = canonical_bytes(with_unknown_fields(value, extra))
    assert kind.parse(written, what="it").to_bytes() == written


@pytest.mark.parametrize(
    "document",
    [make_record(), make_evaluation(), make_event("init", to=None).event],
    ids=lambda document: type(document).__name__,
)
def test_a_document_is_named_by_its_bytes(document: Document) -> None:
    assert document.digest == digest_bytes(document.to_bytes())


@KINDS
@given(data=st.binary(max_size=30) | json_values.map(canonical_bytes))
@law
def test_garbage_is_refused_in_words(kind: type[Document], data: bytes) -> None:
    with pytest.raises(IntegrityError):
        kind.parse(data, what="it")


@KINDS
@given(fields=json_objects)
@law
def test_garbage_of_the_right_schema_is_refused_in_words(
    kind: type[Document], fields: dict[str, Any]
) -> None:
    parse_or_refuse(kind, canonical_bytes({**fields, "schema": kind.SCHEMA}))


@KINDS
@given(data=st.data(), value=json_values)
@law
def test_any_field_may_hold_anything_and_is_refused_in_words(
    kind: type[Document], data: st.DataObject, value: Any
) -> None:
    document = parse_json(data.draw(DOCUMENTS[kind]).to_bytes(), what="it")
    document[data.draw(st.sampled_from(sorted(document)))] = value
    parse_or_refuse(kind, canonical_bytes(document))


@given(data=st.data(), noise=st.binary(max_size=3))
@law
def test_damaged_bytes_are_refused_in_words(data: st.DataObject, noise: bytes) -> None:
    written = make_record().to_bytes()
    at = data.draw(st.integers(0, len(written)))
    gone = data.draw(st.integers(0, 3))
    parse_or_refuse(VersionRecord, written[:at] + noise + written[at + gone :])


@KINDS
@pytest.mark.parametrize("version", ["2", "10", "999999999"])
def test_a_newer_schema_says_upgrade(kind: type[Document], version: str) -> None:
    newer = kind.SCHEMA.replace("/1", f"/{version}")
    with pytest.raises(NotARegistry) as caught:
        kind.parse(canonical_bytes({"schema": newer}), what="it")
    assert "upgrade" in caught.value.hints[0]


@KINDS
@pytest.mark.parametrize(
    "schema",
    ["", "1", "ft-registry/other/1", "other/version/2", "{}/0", "{}/-1", "{}/²", "{}/٣", "{}/x",
     "{}/" + "9" * 5000, "{}/1.5", "{}/1/2", 1, None, [], {}, True],
    ids=lambda schema: ascii(schema)[:20],
)  # fmt: skip
def test_another_schema_is_no_such_document(kind: type[Document], schema: Any) -> None:
    if isinstance(schema, str):
        schema = schema.replace("{}", kind.SCHEMA.removesuffix("/1"))
    with pytest.raises(IntegrityError, match="expected it in schema"):
        kind.parse(canonical_bytes({"schema": schema}), what="it")


@pytest.mark.parametrize("depth", [100, 240, 300, 900, 20_000])
def test_a_deep_document_is_read_or_refused_in_words(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    parse_or_refuse(
        ModelDocument, f'{{"schema":"ft-registry/model/1","name":"m","x":{nested}}}'.encode()
    )


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        (make_event("promote", to=2).event, {"previous": 9}),
        (make_event("promote", to=2, previous=1).event, {"previous": 9}),
        (make_event("init", to=None).event, {"schema_id": "x"}),
        (make_evaluation(), {"id": "x", "digest": "y"}),
        (make_record(), {"reference": "x", "model_config": {}, "SCHEMA": 1, "__class__": 2}),
    ],
    ids=["previous", "previous beside from", "schema_id", "properties", "attributes"],
)
def test_an_unknown_field_may_be_called_as_an_attribute_of_ours(
    document: Document, fields: dict[str, Any]
) -> None:
    written = canonical_bytes({**document.as_json(), **fields})
    read = type(document).parse(written, what="it")
    assert read.to_bytes() == written
    if isinstance(document, Event) and isinstance(read, Event):
        assert read.previous == document.previous


@pytest.mark.parametrize(
    ("kind", "document", "fields"),
    [
        (VersionRecord, make_record(), {"version": 0}),
        (VersionRecord, make_record(), {"model": "../x"}),
        (VersionRecord, make_record(), {"kind": "huge"}),
        (VersionRecord, make_record(), {"registered_at": "2026-02-30T00:00:00.000000Z"}),
        (VersionRecord, make_record(), {"registered_at": "2026-07-01T00:00:00Z"}),
        (
            VersionRecord,
            make_record(),
            {"registered_at": "\u0662\u0660\u0662\u0666-07-01T00:00:00.000000Z"},
        ),
        (VersionRecord, make_record(), {"identity": "sha256:0"}),
        (VersionRecord, make_record(), {"base": {"source": "somewhere"}}),
        (Evaluation, make_evaluation(), {"scores": [{"metric": "m", "value": "much", "n": 1}]}),
        (Evaluation, make_evaluation(), {"scores": [{"metric": "m", "value": 1, "n": -1}]}),
        (Event, make_event("init", to=None).event, {"writes": [{"path": "/etc", "digest": "x"}]}),
    ],
)
def test_a_field_that_breaks_its_law_is_named(
    kind: type[Document], document: Document, fields: dict[str, Any]
) -> None:
    written = canonical_bytes({**document.as_json(), **fields})
    with pytest.raises(IntegrityError, match=f"found: {next(iter(fields))}"):
        kind.parse(written, what="it")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": 7}, r"host: [^(]*$"),
        ({"host": 7, "note": 7}, r"note: .* \(and 1 more\)$"),
        ({"host": 7, "note": 7, "data": 7}, r"\(and 2 more\)$"),
    ],
)
def test_of_many_faults_the_first_is_told_and_how_many_more(
    changes: dict[str, Any], message: str
) -> None:
    written = canonical_bytes({**make_record().as_json(), **changes})
    with pytest.raises(IntegrityError, match=message):
        VersionRecord.parse(written, what="it")


def test_an_alias_names_a_version_from_one() -> None:
    fields = {
        "model": "m", "alias": "a", "record": sha("2"), "since": NOON, "through": "promote",
        "by": Actor(name="Ada", email="ada@example.org"),
    }  # fmt: skip
    assert AliasState(version=1, **fields).version == 1
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        AliasState(version=0, **fields)


def test_the_schema_is_named_without_being_asked() -> None:
    assert ModelDocument(name="m").as_json() == {"schema": "ft-registry/model/1", "name": "m"}


def test_what_json_cannot_hold_is_refused_when_it_is_written() -> None:
    document = ModelDocument(name="m", extra=object())  # type: ignore[call-arg]
    with pytest.raises(InvalidInput):
        document.to_bytes()


def test_a_document_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        make_record().note = "other"  # type: ignore[misc]
