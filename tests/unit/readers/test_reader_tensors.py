"""Tensors are read from files byte for byte, and what is malformed is refused."""

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import json_values, law
from tests.unit.tensor_files import pack, tensors_bytes, write_full

from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.readers.tensors import BLOCK, Tensor, read_header, read_weights


def only(path: Path) -> Tensor:
    (tensor,) = read_header(path)
    return tensor


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@pytest.mark.parametrize(
    "dtype",
    ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool", "uint64"],
)
def test_numbers_of_every_dtype_are_read(tmp_path: Path, dtype: str) -> None:
    array = np.array([[0, 1, 1], [0, 100, 3]]).astype(dtype)
    found = read_weights(write_full(tmp_path, {"w": array})).tensors["w"]
    assert found.shape == (2, 3)
    assert found.values().tolist() == array.astype(float).ravel().tolist()


def test_a_file_of_the_library_is_read(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy", reason="of the train extra")
    random = np.random.default_rng(1)
    arrays = {f"layer.{n}": random.standard_normal((n, 7)).astype("f4") for n in range(5)}
    library.save_file(arrays, tmp_path / "model.safetensors", metadata={"format": "pt"})
    found = read_weights(tmp_path)
    assert found.tensors.keys() == arrays.keys()
    assert found.parameters == 70
    for name, array in arrays.items():
        assert np.array_equal(found.tensors[name].values(), array.ravel())


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz"])
def test_short_floats_are_read_as_torch_reads_them(tmp_path: Path, name: str) -> None:
    torch = pytest.importorskip("torch", reason="of the train extra")
    save = pytest.importorskip("safetensors.torch", reason="of the train extra").save_file
    bits = torch.arange(1 << 16, dtype=torch.int32) if name == "bfloat16" else torch.arange(256)
    kind = torch.uint16 if name == "bfloat16" else torch.uint8
    values = bits.to(kind).view(getattr(torch, name))
    save({"w": values}, tmp_path / "w.safetensors")
    expected = values.to(torch.float64).numpy()
    assert np.array_equal(only(tmp_path / "w.safetensors").values(), expected, equal_nan=True)


def test_without_torch_bf16_is_the_upper_half_of_a_float(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 3e38, 0.0], dtype=np.float32)
    halves = (values.view(np.uint32) >> 16).astype(np.int16)
    expected = (halves.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    write_full(tmp_path, {"w": halves}, w="BF16")
    assert read_weights(tmp_path).tensors["w"].values().tolist() == expected.tolist()


def test_large_tensors_are_read_block_by_block(tmp_path: Path) -> None:
    array = np.arange(2 * BLOCK + 3, dtype=np.int32)
    tensor = read_weights(write_full(tmp_path, {"w": array})).tensors["w"]
    assert [len(block) // 4 for block in tensor.blocks()] == [BLOCK, BLOCK, 3]
    assert np.array_equal(tensor.values(), array)


def test_numbers_without_shape_and_empty_tensors_are_tensors(tmp_path: Path) -> None:
    arrays = {"empty": np.zeros((0, 3), "f4"), "one": np.array(7.0, "f4")}
    found = read_weights(write_full(tmp_path, arrays)).tensors
    assert found["empty"].values().tolist() == []
    assert found["one"].values().tolist() == [7.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a header of 0 bytes in a file of 0"),
        (b"\x01\x00", "in a file of 2"),
        (b"\xff" * 8, "a header of 18446744073709551615 bytes in a file of 8"),
        (pack(b" {}"), "a header that begins with"),
        (pack(b"[]"), "a header that begins with"),
        (pack(b'{"w": '), "strict JSON"),
        (pack(b'{"w": 1, "w": 2}'), "duplicate keys 'w'"),
        (pack(b"{" + b'"a":{' * 9999), "strict JSON"),
        (pack({"__metadata__": {"a": 1}}), "__metadata__"),
        (pack({"__metadata__": []}), "__metadata__"),
        (pack({"w": 1}), "'w' with 1"),
        (pack({"w": {"dtype": "F32", "shape": [2]}}, b"x" * 8), "'w' with"),
        (pack({"w": {**entry(), "more": 1}}, b"x" * 8), "'w' with"),
        (pack({"w": entry(dtype=7)}, b"x" * 8), "'w' with"),
        (pack({"w": entry(shape=[-2])}, b"x" * 8), "'w' with"),
        (pack({"w": entry(shape=[2.0])}, b"x" * 8), "'w' with"),
        (pack({"w": entry(shape=[True])}, b"x" * 8), "'w' with"),
        (pack({"w": entry(shape=[1 << 80])}, b"x" * 8), "'w' with"),
        (pack({"w": entry(shape=[1] * 65)}, b"x" * 8), "'w' with"),
        (pack({"w": entry(offsets=[8, 0])}, b"x" * 8), "'w' with"),
        (pack({"w": entry(offsets=[0])}, b"x" * 8), "'w' with"),
        (pack({"w": entry(shape=[3])}, b"x" * 8), r"'w' of \[3\] F32 in 8 bytes"),
        (pack({"w": entry("F4", [3], [0, 2])}, b"x" * 2), "'w' of"),
        (pack({"w": entry(offsets=[4, 12])}, b"x" * 12), "'w' at byte"),
        (pack({"w": entry(), "v": entry()}, b"x" * 8), "at byte"),
        (pack({"w": entry()}, b"x" * 7), "where the header names"),
        (pack({"w": entry()}, b"x" * 9), "where the header names"),
    ],
)
def test_what_is_malformed_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    with pytest.raises(IntegrityError, match=message) as caught:
        read_header(tmp_path / "w.safetensors")
    assert caught.value.hints


def test_a_dtype_of_the_future_is_named(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(pack({"w": entry("F128")}, b"x" * 8))
    with pytest.raises(Refused, match="found 'F128' of 'w'"):
        read_header(tmp_path / "w.safetensors")


def test_a_file_that_is_cut_short_later_is_said(tmp_path: Path) -> None:
    root = write_full(tmp_path, {"w": np.zeros(9)})
    tensor = read_weights(root).tensors["w"]
    content = (root / "model.safetensors").read_bytes()
    (root / "model.safetensors").write_bytes(content[:-8])
    with pytest.raises(IntegrityError, match="found fewer"):
        tensor.values()
    (root / "model.safetensors").unlink()
    with pytest.raises(NotFound, match="found no file"):
        tensor.values()


@given(content=st.binary(max_size=80) | st.binary(max_size=60).map(pack))
@law
def test_any_bytes_are_read_or_refused(content: bytes, tmp_path_factory: Any) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "w.safetensors"
    file.write_bytes(content)
    with contextlib.suppress(FtRegistryError):
        read_header(file)


fields = st.fixed_dictionaries(
    {"dtype": st.sampled_from(["F32", "F4", "U8"]) | json_values,
     "shape": st.lists(st.integers(-1, 4) | json_values, max_size=3) | json_values,
     "data_offsets": st.lists(st.integers(-1, 20) | json_values, max_size=3) | json_values}
)  # fmt: skip


@given(
    header=st.dictionaries(st.sampled_from(["a", "b", "__metadata__"]), fields | json_values),
    data=st.binary(max_size=20),
)
@law
def test_any_header_is_read_or_refused(header: Any, data: bytes, tmp_path_factory: Any) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "w.safetensors"
    file.write_bytes(pack(header, data))
    try:
        found = read_header(file)
    except FtRegistryError:
        return
    assert sum(tensor.size for tensor in found) == len(data)


def shards(root: Path, index: Any) -> Path:
    for number in (1, 2):
        content = tensors_bytes({f"w{number}": np.full(3, number, dtype=np.float32)})
        (root / f"model-{number}.safetensors").write_bytes(content)
    (root / "model.safetensors.index.json").write_text(json.dumps(index))
    return root


MAP = {"w1": "model-1.safetensors", "w2": "model-2.safetensors"}
SWAPPED = {"w1": "model-2.safetensors", "w2": "model-1.safetensors"}


def test_shards_are_read_by_their_index(tmp_path: Path) -> None:
    found = read_weights(shards(tmp_path, {"metadata": {}, "weight_map": MAP}))
    assert [tensor.file.name for tensor in found.tensors.values()] == list(MAP.values())
    assert found.size == 24


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ([], IntegrityError, "a mapping weight_map"),
        ({}, IntegrityError, "a mapping weight_map"),
        ({"weight_map": {}}, IntegrityError, "a mapping weight_map"),
        ({"weight_map": {"w1": 1}}, IntegrityError, "names of .safetensors files"),
        ({"weight_map": {"w1": "../model-1.safetensors"}}, IntegrityError, "names of .safetens"),
        ({"weight_map": {"w1": "a/b.safetensors"}}, IntegrityError, "names of .safetensors"),
        ({"weight_map": {**MAP, "w3": "model-1.safetensors"}}, IntegrityError, "found it nowhere"),
        ({"weight_map": SWAPPED}, IntegrityError, "in model-1"),
        ({"weight_map": {**MAP, "w3": "model-3.safetensors"}}, NotFound, "model-3.safetensors"),
    ],
)
def test_an_index_that_does_not_fit_is_refused(
    tmp_path: Path, index: Any, error: type[FtRegistryError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_weights(shards(tmp_path, index))


def test_shards_without_an_index_are_read_and_none_may_repeat_another(tmp_path: Path) -> None:
    shards(tmp_path, {}).joinpath("model.safetensors.index.json").unlink()
    (tmp_path / "consolidated.safetensors").write_bytes(tensors_bytes({"w1": np.zeros(1)}))
    assert list(read_weights(tmp_path).tensors) == ["w1", "w2"]
    (tmp_path / "model-3.safetensors").write_bytes(tensors_bytes({"w1": np.zeros(1)}))
    with pytest.raises(IntegrityError, match="expected each tensor once, found 'w1'"):
        read_weights(tmp_path)


@pytest.mark.parametrize("name", ["adapter_model.bin", "pytorch_model.bin", "tiny.gguf"])
def test_a_pickle_is_never_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(Refused, match=name):
        read_weights(tmp_path)


def test_a_folder_without_weights_and_none_at_all_are_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected weights"):
        read_weights(tmp_path)
    with pytest.raises(NotFound, match="expected a folder"):
        read_weights(tmp_path / "none")


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(Refused, match="but a folder"):
        read_weights(tmp_path)
