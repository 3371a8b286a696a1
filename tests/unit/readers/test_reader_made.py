"""Which folders of weights a command wrote."""

import os
from pathlib import Path

import pytest

from ft_registry.errors import Refused
from ft_registry.model.run_document import made_tag
from ft_registry.readers.files import hash_folder
from ft_registry.readers.made import hash_weights, look_for_weights, written_since
from ft_registry.readers.weights import weights_of


def put(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"weights of " + name.encode())


def test_weights_that_are_new_or_written_anew_are_found(tmp_path: Path) -> None:
    put(tmp_path, "old/model.safetensors", "again/adapter_model.safetensors", "x/notes.txt")
    before = look_for_weights(tmp_path)
    put(tmp_path, "again/adapter_model.safetensors", "a/b/model-00001-of-00002.safetensors")
    put(tmp_path, "q/tiny.gguf", "old/config.json")
    after = look_for_weights(tmp_path)
    assert written_since(before, after) == ["a/b", "again", "q"]
    assert written_since(after, after) == []


def test_the_same_bytes_at_the_same_time_are_written_anew_in_another_file(tmp_path: Path) -> None:
    put(tmp_path, "a/model.safetensors")
    file = tmp_path / "a" / "model.safetensors"
    before, known = look_for_weights(tmp_path), file.stat()
    copy = tmp_path / "a" / "copy"
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(known.st_atime_ns, known.st_mtime_ns))
    copy.replace(file)
    assert written_since(before, look_for_weights(tmp_path)) == ["a"]


@pytest.mark.parametrize(
    "name",
    [
        ".git/model.safetensors", ".dvc/tmp/model.safetensors", ".venv/lib/model.safetensors",
        "mlruns/0/model.safetensors", "mlartifacts/m/model.safetensors",
        "env/lib/model.safetensors", "out/checkpoint-4/model.safetensors",
    ],
)  # fmt: skip
def test_what_is_no_result_is_left_out(tmp_path: Path, name: str) -> None:
    put(tmp_path, "env/pyvenv.cfg", "out/model.safetensors", name)
    assert list(look_for_weights(tmp_path).folders) == ["out"]


def test_checkpoints_count_where_no_final_weights_are(tmp_path: Path) -> None:
    put(tmp_path, "out/checkpoint-4/model.safetensors", "out/config.json")
    assert list(look_for_weights(tmp_path).folders) == ["out/checkpoint-4"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/w/model.safetensors")
    top = tmp_path / "top"
    (top / "a").mkdir(parents=True)
    (top / "b").symlink_to(tmp_path / "elsewhere")
    (top / "a" / "model.safetensors").symlink_to(tmp_path / "elsewhere/w/model.safetensors")
    assert look_for_weights(top).folders == {}


def test_a_walk_that_would_not_end_is_cut_and_says_so(tmp_path: Path) -> None:
    put(tmp_path, *(f"many/{number}.txt" for number in range(30)), "near/model.safetensors")
    assert not look_for_weights(tmp_path).is_cut
    cut = look_for_weights(tmp_path, most=10)
    assert cut.is_cut
    assert look_for_weights(tmp_path / "not there").folders == {}


def test_the_tag_is_that_of_the_weights_alone(tmp_path: Path) -> None:
    put(tmp_path, "a/adapter_model.safetensors", "a/adapter_config.json")
    names = look_for_weights(tmp_path).folders["a"]
    tag = made_tag(hash_weights(tmp_path / "a", names))
    put(tmp_path, "a/README.md", "a/checkpoint-3/adapter_model.safetensors")
    assert made_tag(weights_of(hash_folder(tmp_path / "a"))) == tag
    assert len(tag) == len("ftr.made.") + 16
    (tmp_path / "a" / "adapter_model.safetensors").write_bytes(b"others")
    assert made_tag(weights_of(hash_folder(tmp_path / "a"))) != tag


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_weights_that_may_not_be_read_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "a/model.safetensors")
    (tmp_path / "a" / "model.safetensors").chmod(0)
    with pytest.raises(Refused):
        hash_weights(tmp_path / "a", {"model.safetensors": None})
