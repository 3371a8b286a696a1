"""Configuration files are read as data, and what has no one meaning is refused."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from tests.unit.strategies import json_objects, law
from tests.unit.values import sha

from ft_registry.errors import FtRegistryError, InvalidInput, NotFound, Refused
from ft_registry.model.canonical import canonical_bytes, digest
from ft_registry.model.document import Unknown
from ft_registry.model.record import Config
from ft_registry.readers.params import find_seeds, flatten, read_config_files


def read(folder: Path, name: str, content: str | bytes) -> Any:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_config_files([(name, file)]).files[name]


def config(**files: Any) -> Config:
    return Config(files=files, digest=sha("f"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.yaml", "lr: 1e-3\nepochs: 3\nname: no\nmodules: [q, v]\n"),
        ("p.yml", "{lr: 0.001, epochs: 3, name: 'no', modules: [q, v]}"),
        ("p.json", '{"modules": ["q", "v"], "name": "no", "epochs": 3, "lr": 0.001}'),
        ("p.toml", 'epochs = 3\nlr = 1e-3\nname = "no"\nmodules = ["q", "v"]\n'),
    ],
)
def test_the_same_configuration_is_the_same_in_every_language(
    tmp_path: Path, name: str, content: str
) -> None:
    expected = {"lr": 0.001, "epochs": 3, "name": "no", "modules": ["q", "v"]}
    assert read(tmp_path, name, content) == expected


def test_the_digest_covers_names_and_values(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"lr": 1}')
    found = read_config_files([("a.json", tmp_path / "a.json")])
    assert found.digest == digest({"a.json": {"lr": 1}})


def test_order_and_comments_do_not_change_the_digest(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("a: 1\nb: 2\n")
    (tmp_path / "two.yaml").write_text("# the same\nb:   2\na: 1\n")
    digests = {read_config_files([("p", tmp_path / f"{n}.yaml")]).digest for n in ("one", "two")}
    assert len(digests) == 1


def test_without_files_there_is_an_empty_configuration() -> None:
    assert read_config_files([]).files == {}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("p.yaml", "d: 2026-01-31", "2026-01-31"),
        ("p.toml", "d = 2026-01-31", "2026-01-31"),
        ("p.toml", "d = 2026-01-31T10:00:00", "2026-01-31 10:00:00"),
        ("p.toml", "d = 10:00:00", "10:00:00"),
        ("p.yaml", 'd: "2026-01-31"', "2026-01-31"),
    ],
)
def test_dates_become_text(tmp_path: Path, name: str, content: str, expected: str) -> None:
    assert read(tmp_path, name, content) == {"d": expected}


@pytest.mark.parametrize("name", ["p.yaml", "p.toml"])
def test_an_empty_file_is_a_configuration(tmp_path: Path, name: str) -> None:
    assert not read(tmp_path, name, "")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.yaml", "a: 1\na: 2", "to be YAML"),
        ("p.json", '{"a": 1, "a": 2}', "duplicate keys 'a'"),
        ("p.toml", "a = 1\na = 2", "to be TOML"),
        ("p.yaml", "x: {1: a, '1': b}", "1 as a number and as text"),
        ("p.yaml", "x: {true: a}", "text as keys"),
        ("p.yaml", "- {null: a}", "text as keys"),
        ("p.yaml", "a: .nan", "finite numbers"),
        ("p.yaml", "a: [-.inf]", "finite numbers"),
        ("p.toml", "a = inf", "finite numbers"),
        ("p.json", '{"a": NaN}', "NaN"),
        ("p.yaml", "a: 1e999", "finite numbers"),
        ("p.yaml", "a: 9007199254740993", "canonical"),
        ("p.toml", "a = 9223372036854775807", "canonical"),
        ("p.yaml", 'a: "\\ud800"', "canonical"),
        ("p.yaml", "a: !!set {x, y}", "text, numbers, dates"),
        ("p.yaml", "a: !!binary aGk=", "text, numbers, dates"),
        ("p.yaml", "a: &a {b: *a}", "contains itself"),
        ("p.json", "{", "strict JSON"),
        ("p.json", '{"a":' * 200 + "1" + "}" * 200, "100 deep"),
        ("p.json", "[" * 100_000, "strict JSON"),
        ("p.yaml", "a: " + "[" * 300, "100 deep"),
        ("p.yaml", "a: 0x" + "f" * 5000, "canonical"),
        ("p.toml", "a = " + "[" * 300 + "]" * 300, "100 deep"),
        ("p.toml", "a", "to be TOML"),
        ("p.toml", b"\xff", "to be TOML"),
        ("p.toml", "a = " + "9" * 5000, "to be TOML"),
        ("p.json", b"\xff", "strict JSON"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_what_has_no_one_meaning_is_refused_with_its_file(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(Refused, match=message) as caught:
        read(tmp_path, name, content)
    assert str(tmp_path / name) in caught.value.message


@pytest.mark.parametrize("name", ["p.ini", "p.py", "p", "p.YAML"])
def test_other_endings_are_no_configuration(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.yaml, \.json or \.toml"):
        read(tmp_path, name, "")


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected a configuration"):
        read_config_files([("p.yaml", tmp_path / "p.yaml")])


@given(value=json_objects)
@law
def test_any_json_object_is_read_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, value: dict[str, Any]
) -> None:
    found = read(tmp_path_factory.getbasetemp(), "p.json", canonical_bytes(value))
    assert canonical_bytes(found) == canonical_bytes(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": {"b": 1, "c": [1, 2]}, "d": "x"}, {"a.b": "1", "a.c": "[1, 2]", "d": "x"}),
        ({"a": None, "b": True, "c": 1.5}, {"a": "None", "b": "True", "c": "1.5"}),
        ({}, {}),
        ({"a": {}}, {}),
    ],
)
def test_a_nested_configuration_is_flat_by_dotted_path(
    value: dict[str, Any], expected: dict[str, str]
) -> None:
    assert flatten(value) == expected


@pytest.mark.parametrize(
    ("key", "value"),
    [("seed", 7), ("data_seed", 7), ("seed", "7"), ("seed", 0), ("seed", -3), ("seed", 2**53 - 1)],
)
def test_what_is_named_seed_is_a_seed(key: str, value: Any) -> None:
    assert find_seeds(config(p={"train": {key: value}})) == {f"p.train.{key}": int(value)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("linseed", 7), ("seeds", 7), ("seed_everything", 7), ("seed", 1.5), ("seed", True),
        ("seed", None), ("seed", "random"), ("seed", "--5"), ("seed", "²"), ("seed", "٣"),
        ("seed", ""), ("seed", [1]), ("seed", math.pi),
    ],
)  # fmt: skip
def test_nothing_else_is(key: str, value: Any) -> None:
    found = find_seeds(config(p={key: value}))
    assert found == Unknown(unknown="the configuration names no seed")


@given(json_objects)
@law
def test_seeds_are_found_or_unknown_in_any_configuration(value: dict[str, Any]) -> None:
    try:
        find_seeds(config(p=value, q={"seed": value}))
    except FtRegistryError:
        pytest.fail("looking for seeds refuses nothing")


@pytest.mark.parametrize("name", ["params.yaml", "c.json", "c.toml"])
def test_a_file_far_larger_than_a_configuration_is_refused_unread(
    tmp_path: Path, name: str
) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(100 << 20)
    with pytest.raises(Refused, match=f"of at most 4194304 bytes, found more in .*{name}"):
        read_config_files([(name, tmp_path / name)])


def test_labels_may_be_numbered_as_in_json(tmp_path: Path) -> None:
    assert read(tmp_path, "p.yaml", "id2label: {0: neg, 1: pos}") == read(
        tmp_path, "p.json", '{"id2label": {"0": "neg", "1": "pos"}}'
    )
