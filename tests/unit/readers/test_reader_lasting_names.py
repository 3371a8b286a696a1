"""Names that some place would not give back as they were are refused, and told."""

import os
import socket
from pathlib import Path

import pytest

from ft_registry.errors import Refused
from ft_registry.readers.files import hash_folder
from ft_registry.readers.lasting_names import check_names

GOOD = [
    "a.txt",
    "b c/d-1_2.json",
    "\xe9t\xe9.md",
    "e\u0301.txt",
    "\u6a21\u578b/1",
    "x" * 255,
    "a:b",
]


def test_ordinary_names_are_taken() -> None:
    check_names(Path("root"), GOOD)
    check_names(Path("root"), ["a/b/c", "a/b/d", "a/e", "aB", "ac"])


@pytest.mark.parametrize(
    "name",
    [
        "50%.txt", "q?x", "h#x", "back\\slash", "%2e%2e", "a/b?/c", "nl\nx", "tab\t", "esc\x1b[31m",
        "c1\x9b", "x" * 256, "a/" + "\xe9" * 128, "txt.\u202egpj", "\u2066x", "line\u2028x",
    ],
)  # fmt: skip
def test_a_name_that_does_not_come_back_is_refused_and_told(name: str) -> None:
    with pytest.raises(Refused, match="come back as they are") as error:
        check_names(Path("root"), ["fine", name])
    assert error.value.message.isprintable()


@pytest.mark.parametrize(
    "names",
    [
        ["A.txt", "a.txt"],
        ["stra\xdfe", "STRASSE"],
        ["\xe9", "e\u0301"],
        ["D/x", "d/y"],
        ["a/B/c", "a/b"],
    ],
)
def test_twins_are_refused(names: list[str]) -> None:
    with pytest.raises(Refused, match="differ by more than case"):
        check_names(Path("root"), names)


@pytest.mark.parametrize("kind", ["pipe", "socket", "link", "loop", "device"])
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    match kind:
        case "pipe":
            os.mkfifo("x")
        case "socket":
            with socket.socket(socket.AF_UNIX) as one:
                one.bind("x")
        case "link":
            Path("x").symlink_to("/etc/passwd")
        case "loop":
            Path("x").symlink_to("x")
        case _:
            Path("x").symlink_to("/dev/zero")
    with pytest.raises(Refused, match="expected files and folders only"):
        hash_folder(tmp_path)


def test_hard_links_are_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    assert len(hash_folder(tmp_path)) == 2
