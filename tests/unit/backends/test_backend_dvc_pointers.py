"""Pointers are read as DVC writes them, and refused when it would not have."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import json_values, law

from ft_registry.backends.dvc.pointers import find_pointer, find_stage
from ft_registry.errors import FtRegistryError, Refused
from ft_registry.model.canonical import canonical_bytes, digest_bytes
from ft_registry.model.snapshot import DvcHash

A, B = "a" * 32, "b" * 32 + ".dir"
TRAIN = f"outs:\n- md5: {A}\n  size: 12\n  hash: md5\n  path: train.jsonl\n"
RAW = f"outs:\n- md5: {B}\n  size: 99\n  nfiles: 3\n  hash: md5\n  path: raw\n"
LOCK = f"""\
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - {{path: data/raw, hash: md5, md5: {B}, size: 99, nfiles: 3}}
    outs:
    - {{path: data/train.jsonl, hash: md5, md5: {A}, size: 12}}
  train@v2:
    cmd: [python train.py, python check.py]
    outs:
    - {{path: out/adapter, hash: md5, md5: {B}, size: 99, nfiles: 3}}
"""


def files(kept: dict[str, str]) -> Any:
    return {name: text.encode() for name, text in kept.items()}.get


def test_a_dvc_file_names_the_output_beside_it() -> None:
    found = find_pointer("data/train.jsonl", files({"data/train.jsonl.dvc": TRAIN}))
    assert found is not None
    assert (found.file, found.path) == ("data/train.jsonl.dvc", "data/train.jsonl")
    assert found.hash == DvcHash(md5=A, size=12, nfiles=1)
    assert not found.is_directory


def test_a_lock_names_the_outputs_of_stages() -> None:
    found = find_pointer("data/train.jsonl", files({"dvc.lock": LOCK}))
    assert found is not None
    assert (found.file, found.path, found.hash.md5) == ("dvc.lock", "data/train.jsonl", A)


@pytest.mark.parametrize("path", ["data/raw/a.jsonl", "data/raw/deep/er/a.jsonl"])
def test_a_path_inside_a_tracked_folder_has_the_folders_pointer(path: str) -> None:
    found = find_pointer(path, files({"data/raw.dvc": RAW}))
    assert found is not None
    assert (found.path, found.is_directory, found.hash.nfiles) == ("data/raw", True, 3)


def test_a_path_below_a_tracked_file_has_none() -> None:
    read = files({"data/train.jsonl.dvc": TRAIN})
    assert find_pointer("data/train.jsonl/x", read) is None


def test_the_nearest_pointer_counts() -> None:
    inner = TRAIN.replace("train.jsonl", "a.jsonl")
    found = find_pointer("raw/a.jsonl", files({"raw.dvc": RAW, "raw/a.jsonl.dvc": inner}))
    assert found is not None
    assert found.file == "raw/a.jsonl.dvc"


def test_what_nothing_names_has_no_pointer() -> None:
    read = files({"dvc.lock": LOCK, "data/train.jsonl.dvc": TRAIN})
    assert find_pointer("data/other.jsonl", read) is None
    # A dependency is not an output.
    assert find_pointer("data/raw", read) is None


def test_a_lock_in_a_folder_names_paths_from_there() -> None:
    found = find_pointer("sub/data/train.jsonl", files({"sub/dvc.lock": LOCK}))
    assert found is not None
    assert found.path == "sub/data/train.jsonl"


@pytest.mark.parametrize(
    ("pipeline", "path"),
    [
        ("stages: {prepare: {cmd: x, wdir: work}}", "work/data/train.jsonl"),
        ("stages: {prepare: {cmd: x, wdir: .}}", "data/train.jsonl"),
        ("stages: {prepare: {cmd: x, wdir: work/..}}", "data/train.jsonl"),
        ("stages: {prepare: {cmd: x}, other: {wdir: elsewhere}}", "data/train.jsonl"),
    ],
)
def test_a_stage_names_paths_from_its_working_folder(pipeline: str, path: str) -> None:
    found = find_pointer(path, files({"dvc.lock": LOCK, "dvc.yaml": pipeline}))
    assert found is not None
    assert found.path == path


def test_a_working_folder_may_lie_above_the_lock() -> None:
    read = files({"sub/dvc.lock": LOCK, "sub/dvc.yaml": "stages: {prepare: {wdir: ..}}"})
    # Not found from above: the lock belongs to its folder.
    assert find_pointer("sub/data/train.jsonl", read) is None


@pytest.mark.parametrize(
    "pipeline",
    [
        "stages: {train: {foreach: [v1, v2], do: {cmd: x, wdir: work}}}",
        "stages: {train: {matrix: {v: [v1, v2]}, cmd: x, wdir: work}}",
    ],
)
def test_an_item_of_a_stage_works_in_the_folder_of_its_stage(pipeline: str) -> None:
    found = find_pointer("work/out/adapter", files({"dvc.lock": LOCK, "dvc.yaml": pipeline}))
    assert found is not None
    assert found.path == "work/out/adapter"


@pytest.mark.parametrize(
    "text",
    [
        TRAIN.replace("  hash: md5\n", ""),
        TRAIN.replace("hash: md5", "hash: md5-dos2unix"),
        TRAIN.replace("hash: md5", "hash: sha256"),
    ],
)
def test_a_pointer_of_dvc_2_is_refused_with_the_way_out(text: str) -> None:
    with pytest.raises(Refused, match="older kind") as caught:
        find_pointer("train.jsonl", files({"train.jsonl.dvc": text}))
    assert "dvc cache migrate" in caught.value.hints[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "[]",
        "outs:",
        "outs: train.jsonl",
        "outs: [train.jsonl]",
        "outs: {path: train.jsonl}",
        "outs: [{path: 7}]",
        "outs: [{1: 2, path: train.jsonl}]",
        "a: [",
        "a: 1\na: 2",
        "<<<<<<< HEAD\n" + TRAIN,
        TRAIN + TRAIN.removeprefix("outs:\n"),
        TRAIN.replace("train.jsonl", "other.jsonl"),
        TRAIN.replace("train.jsonl", "../train.jsonl"),
        TRAIN + "wdir: ..\n",
        TRAIN.replace(f"  md5: {A}\n", "").replace(f"md5: {A}\n", "x: 1\n"),
        TRAIN.replace("  size: 12\n", ""),
        TRAIN.replace("size: 12", "size: many"),
        TRAIN.replace("size: 12", "size: -1"),
        TRAIN.replace(A, "abc"),
        TRAIN.replace(A, A + ".DIR"),
        TRAIN.replace(A, "../" * 10 + "aa"),
        TRAIN.replace("size: 12", "size: 12\n  nfiles: many"),
    ],
    ids=lambda text: ascii(text)[-30:],
)
def test_what_dvc_would_not_have_written_is_refused_by_file(text: str) -> None:
    with pytest.raises(Refused, match=r"train\.jsonl\.dvc"):
        find_pointer("train.jsonl", files({"train.jsonl.dvc": text}))


@pytest.mark.parametrize(
    "text",
    [
        "7",
        "stages: 7",
        "stages: [prepare]",
        "stages: {prepare: }",
        "stages: {prepare: [1]}",
        "stages: {prepare: {outs: x}}",
        "stages: {prepare: {outs: [x]}}",
        "stages: {prepare: {outs: [{path: [1]}]}}",
        "stages: [",
    ],
)
def test_a_lock_that_dvc_would_not_have_written_is_refused(text: str) -> None:
    for find in (find_pointer, find_stage):
        with pytest.raises(Refused, match=r"dvc\.lock"):
            find("data/train.jsonl", files({"dvc.lock": text}))


@pytest.mark.parametrize(
    "text",
    ["wdir", "wdir: [", "stages: wdir", "stages: {prepare: wdir}", "stages: {prepare: {do: wdir}}"],
)
def test_a_pipeline_that_dvc_would_not_have_read_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"dvc\.yaml"):
        find_pointer("data/train.jsonl", files({"dvc.lock": LOCK, "dvc.yaml": text}))


@pytest.mark.parametrize("text", ["{}", "stages:", "schema: '2.0'", "stages: {}"])
def test_a_lock_without_stages_names_nothing(text: str) -> None:
    assert find_pointer("data/train.jsonl", files({"dvc.lock": text})) is None


def test_the_stage_that_made_a_path_is_found_with_its_lock() -> None:
    stage = find_stage("data/train.jsonl", files({"dvc.lock": LOCK}))
    assert stage is not None
    assert (stage.stage, stage.cmd) == ("prepare", "python prepare.py")
    assert stage.lock == digest_bytes(LOCK.encode())
    assert [dep["path"] for dep in stage.deps] == ["data/raw"]
    assert stage.outs[0] == {"path": "data/train.jsonl", "hash": "md5", "md5": A, "size": 12}


def test_a_path_inside_an_output_was_made_by_its_stage() -> None:
    stage = find_stage("out/adapter/sub/file", files({"dvc.lock": LOCK}))
    assert stage is not None
    assert stage.stage == "train@v2"


def test_commands_stand_one_a_line() -> None:
    stage = find_stage("out/adapter", files({"dvc.lock": LOCK}))
    assert stage is not None
    assert stage.cmd == "python train.py\npython check.py"


def test_no_stage_made_what_none_names() -> None:
    assert find_stage("data/raw", files({"dvc.lock": LOCK})) is None
    assert find_stage("data/train.jsonl", files({})) is None


@pytest.mark.parametrize(
    ("dep", "located"),
    [
        ("raw", "sub/raw"),
        ("../raw", "raw"),
        ("../../raw", "../raw"),
        ("../../../raw", "../../raw"),
        ("./raw", "sub/raw"),
        ("/mnt/raw", "/mnt/raw"),
        ("s3://bucket/raw", "s3://bucket/raw"),
    ],
)
def test_paths_are_told_from_the_top_level(dep: str, located: str) -> None:
    lock = f"stages: {{a: {{cmd: x, deps: [{{path: '{dep}'}}], outs: [{{path: out}}]}}}}"
    stage = find_stage("sub/out", files({"sub/dvc.lock": lock}))
    assert stage is not None
    assert stage.deps == ({"path": located},)


@given(st.sampled_from(["data.dvc", "dvc.lock", "dvc.yaml"]), json_values)
@law
def test_whatever_the_files_hold_they_are_read_or_refused_in_words(name: str, value: Any) -> None:
    kept = {"data.dvc": RAW.replace("raw", "data").encode(), "dvc.lock": LOCK.encode()}
    kept[name] = canonical_bytes(value)
    for find in (find_pointer, find_stage):
        with contextlib.suppress(FtRegistryError):
            find("data/x", kept.get)
