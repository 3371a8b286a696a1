"""What of a folder is kept is decided by bytes: names deceive nobody, and all is told."""

import gzip
import io
import pickle
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.trainers.samples import arguments, put, torch_zip
from tests.unit.tensor_files import CONFIG, pack

from ft_registry.errors import FtRegistryError, IntegrityError, NotFound, Refused
from ft_registry.readers.contents import Contents, choose
from ft_registry.readers.file_sort import sort_of
from ft_registry.readers.files import hash_folder

WEIGHTS = pack({"t": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}, b"abcd")
PICKLE = pickle.dumps({"a": [1, 2]})
OLD_PICKLE = b"cposix\nsystem\n(S'true'\ntR."
SENTENCES = b"".join(
    b"\x0a" + bytes([len(piece) + 2, 0x0A, len(piece)]) + piece for piece in (b"<unk>", b"a", b"b")
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a.txt"), "x")
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())
    return file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An adapter."""
    put(tmp_path, "adapter_config.json", CONFIG)
    put(tmp_path, "adapter_model.safetensors", WEIGHTS)
    return tmp_path


def chosen(root: Path, *, allow: bool = False) -> Contents:
    return choose(root, hash_folder(root), allow_runnable=allow)


@pytest.mark.parametrize(
    ("content", "sort"),
    [
        (b"", "empty"),
        (WEIGHTS, "safetensors"),
        (b"GGUF\x03\0\0\0", "gguf"),
        ("héllo\r\n\tx".encode(), "text"),
        ("é".encode() * 70_000, "text"),
        (b"x" + "é".encode() * 70_000, "text"),
        (b"\xef\xbb\xbf{}", "text"),
        (b"N.", "text"),
        (b"import os\nimport sys\n.", "text"),
        (SENTENCES, "sentencepiece"),
        (PNG, "image"),
        (PICKLE, "pickle"),
        (pickle.dumps([1], protocol=2), "pickle"),
        (OLD_PICKLE, "pickle"),
        (b"(S'x'\niposix\nsystem\n.", "pickle"),
        (torch_zip(PICKLE), "pickle"),
        (zipped(), "archive"),
        (b"# text\n" + zipped(), "archive"),
        (PNG + zipped(), "archive"),
        (tarred(), "archive"),
        (gzip.compress(b"x", mtime=0), "archive"),
        (b"\x7fELF\x02\x01", "program"),
        (b"MZ\x90\0\x03", "program"),
        (b"#!/bin/sh\nrm -rf /\n", "code"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "pointer"),
        (b"\x93NUMPY\x01\0", "unknown"),
        (b"\xff\xfeh\0i\0", "unknown"),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, sort: str, tmp_path: Path) -> None:
    assert sort_of(put(tmp_path, "any.json", content)) == sort


def test_a_length_whose_first_byte_is_that_of_a_pickle_is_a_header(tmp_path: Path) -> None:
    header = b'{"__metadata__":{"a":"'
    padded = header + b"x" * (0x280 - len(header) - 3) + b'"}}'
    content = pack(padded)
    assert content[:2] == b"\x80\x02"
    assert sort_of(put(tmp_path, "w", content)) == "safetensors"


def test_what_a_trainer_leaves_is_left_out_and_told(folder: Path) -> None:
    put(folder, "training_args.bin", arguments())
    put(folder, "optimizer.pt", torch_zip(PICKLE))
    put(folder, "rng_state_0.pth", PICKLE)
    put(folder, "checkpoint-20/adapter_model.safetensors", b"not even weights")
    put(folder, "checkpoint-20/scheduler.pt", PICKLE)
    put(folder, "runs/Nov26/events.out.tfevents.1.host", b"\x18\0\0\0\xff")
    put(folder, ".git/config", "[core]")
    put(folder, "sub/.git/HEAD", "ref")
    put(folder, "README.md", "# card")
    put(folder, "training_loss.png", PNG)
    put(folder, "tokenizer.model", SENTENCES)
    found = chosen(folder)
    assert [entry.path for entry in found.kept] == [
        "README.md", "adapter_config.json", "adapter_model.safetensors", "tokenizer.model",
        "training_loss.png",
    ]  # fmt: skip
    assert {one.what: one.why for one in found.left_out} == {
        ".git/": "of a tool, no part of the model",
        "checkpoint-20/": "to resume a training from, no part of the model",
        "sub/.git/": "of a tool, no part of the model",
        "optimizer.pt": "a pickle, which may run what it says",
        "rng_state_0.pth": "a pickle, which may run what it says",
        "runs/Nov26/events.out.tfevents.1.host": "no part of the model",
        "training_args.bin": "a pickle, which may run what it says",
    }
    kept = sum(entry.size for entry in found.kept)
    left = sum(one.size for one in found.left_out)
    assert kept + left == sum(entry.size for entry in hash_folder(folder))


def test_a_checkpoint_itself_can_be_chosen_from(folder: Path) -> None:
    inner = folder / "checkpoint-3"
    put(inner, "adapter_config.json", CONFIG)
    put(inner, "adapter_model.safetensors", WEIGHTS)
    put(inner, "scheduler.pt", PICKLE)
    assert len(chosen(inner).kept) == 2


def test_pickled_copies_of_safetensors_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "config.json", {})
    put(tmp_path, "model.safetensors", WEIGHTS)
    put(tmp_path, "pytorch_model.bin", torch_zip(PICKLE))
    put(tmp_path, "pytorch_model.bin.index.json", {})
    put(tmp_path, "tf_model.h5", b"\x89HDF\r\n\x1a\n\0")
    assert len(chosen(tmp_path).kept) == 2


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("notes.txt", PICKLE, "a pickle"),
        ("tokenizer.json", torch_zip(PICKLE), "a pickle"),
        ("config.yaml", OLD_PICKLE, "a pickle"),
        ("modeling.py", b"import os", "code"),
        ("run.sh", b"echo", "code"),
        ("kernel.so", b"\x7fELF\x02\x01", "a program"),
        ("data.zip", zipped(), "an archive"),
        ("data.tar.gz", gzip.compress(tarred(), mtime=0), "an archive"),
        ("README.md", b"# card\n" + zipped(), "an archive"),
        ("thing.dat", b"\0\1\2\3", "bytes of an unknown format"),
    ],
)
def test_what_may_run_is_refused_unless_it_is_allowed(
    folder: Path, name: str, content: bytes, found: str
) -> None:
    put(folder, name, content)
    with pytest.raises(Refused, match=f"found {found}: {folder / name}") as error:
        chosen(folder)
    assert "--allow-pickle REASON" in error.value.hints[1]
    allowed = chosen(folder, allow=True)
    assert allowed.runnable == (name,)
    assert len(allowed.kept) == 3


@pytest.mark.parametrize("name", ["adapter_model.bin", "pytorch_model.bin", "consolidated.00.pth"])
def test_weights_that_are_pickles_alone_are_refused_unless_allowed(
    tmp_path: Path, name: str
) -> None:
    put(tmp_path, "config.json", {})
    put(tmp_path, name, torch_zip(PICKLE))
    put(tmp_path, "training_args.bin", arguments())
    with pytest.raises(Refused, match=f"found {name} alone"):
        chosen(tmp_path)
    assert chosen(tmp_path, allow=True).runnable == tuple(sorted((name, "training_args.bin")))


@pytest.mark.parametrize("allow", [False, True])
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("model.safetensors", PICKLE, "found a pickle"),
        ("model.safetensors", torch_zip(PICKLE), "found a pickle"),
        ("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "a pointer"),
        ("more.safetensors", b"", "found an empty file"),
        ("more.SAFETENSORS", b"{}", "found text"),
        ("inner/x.safetensors", WEIGHTS + b"y", "bytes where the header names"),
        ("anything.dat", WEIGHTS + b"y", "bytes where the header names"),
        ("model.gguf", b"GGUF\x03\0\0\0", "a header that needs byte"),
        ("model.gguf", WEIGHTS, "found safetensors"),
    ],
)
def test_weights_are_what_their_names_say_and_whole(
    folder: Path, name: str, content: bytes, words: str, allow: bool
) -> None:
    put(folder, name, content)
    with pytest.raises(IntegrityError, match=words):
        chosen(folder, allow=allow)


@pytest.mark.parametrize("end", ["safetensors", "gguf"])
def test_a_set_of_shards_that_is_not_whole_is_refused(tmp_path: Path, end: str) -> None:
    empty_gguf = b"GGUF\x03\0\0\0" + bytes(16)
    put(tmp_path, "config.json", {})
    put(tmp_path, f"model-00001-of-00002.{end}", WEIGHTS if end == "safetensors" else empty_gguf)
    with pytest.raises(NotFound, match="expected 2 shards"):
        chosen(tmp_path)


def test_weights_in_checkpoints_alone_are_told(tmp_path: Path) -> None:
    for step in (9, 10):
        put(tmp_path, f"checkpoint-{step}/adapter_model.safetensors", WEIGHTS)
    with pytest.raises(FtRegistryError, match="in its checkpoints alone") as error:
        chosen(tmp_path)
    assert "checkpoint-10 is the last" in error.value.hints[0]


def test_a_large_image_is_refused(folder: Path) -> None:
    put(folder, "a.png", PNG + bytes(17 << 20))
    with pytest.raises(Refused, match="images of at most"):
        chosen(folder)


@pytest.mark.parametrize("name", ["._adapter_model.safetensors", "._README.md", ".README.md.swp"])
def test_what_file_managers_and_editors_leave_is_left_out(name: str, folder: Path) -> None:
    put(folder, name, b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X")
    assert [one.what for one in chosen(folder).left_out] == [name]


def test_a_folder_of_something_else_is_told_as_such(tmp_path: Path) -> None:
    put(tmp_path, "train.jsonl", "{}")
    put(tmp_path, "train.arrow", b"ARROW1\x00\x00\xff")
    with pytest.raises(Refused, match=r"a folder with weights, found .* with train.arrow"):
        chosen(tmp_path)
