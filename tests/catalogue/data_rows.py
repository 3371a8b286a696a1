"""Rows 1 to 31: what is wrong with data."""

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path

from tests.catalogue.rows import Row, case
from tests.cli.project import Project, jsonl

SNAPSHOT = ("data", "snapshot", "odd.jsonl")
LINE = json.dumps({"prompt": "p", "completion": "c"})


def lines(project: Project, *given: str | bytes) -> Sequence[str]:
    """Writes a file of good lines with others behind them; returns what takes a snapshot of it."""
    content = b"".join(one.encode() if isinstance(one, str) else one for one in given)
    project.write("odd.jsonl", jsonl(3).encode() + content)
    return SNAPSHOT


def folder(project: Project, *names: str) -> Sequence[str]:
    """Writes a folder of data with files of these names; returns what takes a snapshot of it."""
    for name in ("a.jsonl", *names):
        project.write(f"many/{name}", jsonl(2, word=name[:5]))
    return "data", "snapshot", "many"


@case(1, "no bytes")
def an_empty_folder(project: Project) -> Sequence[str]:
    (project.root / "hollow").mkdir()
    return "data", "snapshot", "hollow"


@case(1, "no bytes")
def a_file_without_a_byte(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", "")
    return SNAPSHOT


@case(1, "empty-file")
def white_space_only(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", " \n\n\t\n")
    return SNAPSHOT


@case(1, "not-utf8", "line 4")
def latin_1(project: Project) -> Sequence[str]:
    return lines(project, b'{"prompt": "caf\xe9", "completion": "c"}\n')


@case(1, "bom")
def a_byte_order_mark(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", b"\xef\xbb\xbf" + jsonl(3).encode())
    return SNAPSHOT


@case(0, changes=True)
def a_byte_order_mark_that_is_allowed(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", b"\xef\xbb\xbf" + jsonl(3).encode())
    return *SNAPSHOT, "--allow-faults"


@case(1, "odd.jsonl", "not-utf8")
def utf_16(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", jsonl(3).encode("utf-16"))
    return SNAPSHOT


@case(1, "crlf")
def carriage_returns(project: Project) -> Sequence[str]:
    project.write("odd.jsonl", jsonl(3).replace("\n", "\r\n"))
    return SNAPSHOT


@case(0, changes=True)
def carriage_returns_where_git_would_convert_them(project: Project) -> Sequence[str]:
    project.git("config", "core.autocrlf", "true")
    project.write(".gitattributes", "*.jsonl text eol=crlf\n")
    project.commit(".gitattributes")
    project.write("odd.jsonl", jsonl(3))
    return SNAPSHOT


@case(1, "too-long", "line 4")
def a_line_of_twenty_megabytes(project: Project) -> Sequence[str]:
    return lines(project, json.dumps({"prompt": "p" * 20_000_000, "completion": "c"}), "\n")


@case(0, "3001", changes=True)
def three_thousand_files(project: Project) -> Sequence[str]:
    return folder(project, *(f"{n}.jsonl" for n in range(3000)))


@case(1, "not-json", "line 4")
def nesting_of_a_hundred_thousand(project: Project) -> Sequence[str]:
    return lines(project, '{"prompt": ', "[" * 100_000, "]" * 100_000, "}\n")


@case(1, "duplicate-key", "line 4")
def a_key_twice(project: Project) -> Sequence[str]:
    return lines(project, '{"prompt": "a", "prompt": "b", "completion": "c"}\n')


@case(1, "lone-surrogate", "line 4")
def half_a_character(project: Project) -> Sequence[str]:
    return lines(project, '{"prompt": "\\ud800", "completion": "c"}\n')


@case(1, "control-character", "line 4")
def a_nul(project: Project) -> Sequence[str]:
    return lines(project, '{"prompt": "a\\u0000b", "completion": "c"}\n')


@case(0, '"rows": 4', changes=True)
def a_line_separator_inside_a_text(project: Project) -> Sequence[str]:
    return lines(project, '{"prompt": "a\u2028b", "completion": "c"}\n')


@case(0, '"rows": 4', changes=True)
def no_line_feed_at_the_end(project: Project) -> Sequence[str]:
    return lines(project, LINE)


@case(0, '"rows": 4', changes=True)
def blank_lines(project: Project) -> Sequence[str]:
    return lines(project, "\n\n", LINE, "\n\n")


@case(4, "data/train.jsonl")
def an_edit_of_equal_size_and_time(project: Project) -> Sequence[str]:
    data = project.root / "data" / "train.jsonl"
    before = data.stat()
    data.write_bytes(data.read_bytes().replace(b"p7", b"q7", 1))
    os.utime(data, ns=(before.st_atime_ns, before.st_mtime_ns))
    return "register", "m", "ad1", "--data", "data/train.jsonl"


@case(1, "a link")
def a_link_in_a_folder(project: Project) -> Sequence[str]:
    command = folder(project)
    (project.root / "many" / "link").symlink_to("/etc/passwd")
    return command


@case(1, "loop")
def a_link_to_itself(project: Project) -> Sequence[str]:
    (project.root / "loop").symlink_to("loop")
    return "data", "snapshot", "loop"


@case(1, "many/link")
def a_link_to_nothing(project: Project) -> Sequence[str]:
    command = folder(project)
    (project.root / "many" / "link").symlink_to("nowhere")
    return command


@case(1, "pipe")
def a_pipe(project: Project) -> Sequence[str]:
    command = folder(project)
    os.mkfifo(project.root / "many" / "pipe")
    return command


@case(1, "socket")
def a_socket(project: Project) -> Sequence[str]:
    command = folder(project)
    here = Path.cwd()
    os.chdir(project.root / "many")  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("socket")
    finally:
        os.chdir(here)
    return command


@case(1, "locked.jsonl", only_if=lambda: os.geteuid() != 0)
def a_file_that_may_not_be_read(project: Project) -> Sequence[str]:
    command = folder(project, "locked.jsonl")
    (project.root / "many" / "locked.jsonl").chmod(0)
    return command


@case(1, "control characters")
def a_line_feed_in_a_name(project: Project) -> Sequence[str]:
    return folder(project, "a\nb.jsonl")


@case(1, "50%25.jsonl")
def a_percent_sign_in_a_name(project: Project) -> Sequence[str]:
    return folder(project, "50%25.jsonl")


@case(1, "q?x.jsonl")
def a_question_mark_in_a_name(project: Project) -> Sequence[str]:
    return folder(project, "q?x.jsonl")


@case(1, "UTF-8")
def a_name_that_is_no_unicode(project: Project) -> Sequence[str]:
    return folder(project, os.fsdecode(b"caf\xe9.jsonl"))


@case(1, "A.jsonl", "a.jsonl")
def names_that_differ_in_case_alone(project: Project) -> Sequence[str]:
    return folder(project, "A.jsonl")


@case(1, "caf")
def names_that_differ_in_composition_alone(project: Project) -> Sequence[str]:
    return folder(project, "caf\u00e9.jsonl", "cafe\u0301.jsonl")


@case(1, "b.tmp.jsonl", ".dvcignore")
def a_file_that_dvcignore_hides(project: Project) -> Sequence[str]:
    project.write(".dvcignore", "*.tmp.jsonl\n")
    return folder(project, "b.tmp.jsonl")


@case(1, ".kZyXwVuTsRqPoNmLkJiHgF.tmp")
def what_a_killed_checkout_of_dvc_leaves(project: Project) -> Sequence[str]:
    return folder(project, ".kZyXwVuTsRqPoNmLkJiHgF.tmp")


@case(0, "many/empty", changes=True)
def an_empty_folder_in_a_folder(project: Project) -> Sequence[str]:
    command = folder(project)
    (project.root / "many" / "empty").mkdir()
    return command


@case(6, "bytes free", "huge.bin")
def a_file_that_no_disk_could_hold_twice(project: Project) -> Sequence[str]:
    with project.write("huge.bin", b"x").open("r+b") as file:
        file.truncate(1 << 42)
    return "data", "snapshot", "huge.bin", "--no-index"


TWINS = (
    bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f89"
        "55ad340609f4b30283e488832571415a085125e8f7cdc99fd91dbdf280373c5b"
        "d8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
    ),
    bytes.fromhex(
        "d131dd02c5e6eec4693d9a0698aff95c2fcab50712467eab4004583eb8fb7f89"
        "55ad340609f4b30283e4888325f1415a085125e8f7cdc99fd91dbd7280373c5b"
        "d8823e3156348f5bae6dacd436c919c6dd53e23487da03fd02396306d248cda0"
        "e99f33420f577ee8ce54b67080280d1ec69821bcb6a8839396f965ab6ff72a70"
    ),
)
"""Two files with one MD5 (Wang and Yu, 2004)."""


@case(1, "b.bin", "same MD5")
def two_files_with_one_md5(project: Project) -> Sequence[str]:
    project.write("a.bin", TWINS[0])
    project.done("data", "snapshot", "a.bin", "--no-index")
    project.write("b.bin", TWINS[1])
    return "data", "snapshot", "b.bin", "--no-index"


@case(1, "data/train.jsonl")
def data_around_data_that_is_tracked(project: Project) -> Sequence[str]:
    return "data", "snapshot", "data"


@case(1, "inside many")
def data_inside_data_that_is_tracked(project: Project) -> Sequence[str]:
    project.done(*folder(project))
    return "data", "snapshot", "many/a.jsonl"


POLICY_OF_OVERLAP = """\
aliases:
  champion:
    all:
      - data: {overlap_with_evaluation: 0}
"""


@case(3, "overlap", changes=True)
def evaluation_data_among_the_training_data(project: Project) -> Sequence[str]:
    project.write("test.jsonl", jsonl(120))
    project.done("data", "snapshot", "test.jsonl")
    project.write("scores.jsonl", "".join(
        json.dumps({"id": f"q{n}", "f1": 1}) + "\n" for n in range(120)))  # fmt: skip
    project.done("eval", "add", "m/1", "scores.jsonl", "--data", "test")
    project.write("policy.yaml", POLICY_OF_OVERLAP)
    project.done("policy", "apply", "policy.yaml", "--reason", "no leak")
    return "promote", "m/1", "--to", "champion", "--reason", "r"


@case(0, "AWS", changes=True)
def a_token_in_the_data(project: Project) -> Sequence[str]:
    token = "AKIA" + "J4ZQ7RXW2TB5KDLM"
    return lines(project, json.dumps({"prompt": token, "completion": "c"}), "\n")


REFUSED = "data/test_data_refused.py::test_what_is_no_data_is_refused_and_nothing_changes"
FAULTS = "examples/test_faults.py::test_a_file_that_breaks_a_rule_is_told_with_its_line"

ROWS = (
    Row(1, "a data folder with nothing in it", "refused: it has no bytes",
        (an_empty_folder,), (f"{REFUSED}[empty_folder]",)),
    Row(2, "a file without a byte", "refused: it has no bytes",
        (a_file_without_a_byte,), (f"{REFUSED}[folder_of_empty_files]",)),
    Row(3, "a JSONL file of white space", "refused as `empty-file`", (white_space_only,)),
    Row(4, "bytes that are not UTF-8", "refused, with the line", (latin_1,)),
    Row(5, "a byte order mark", "refused; `--allow-faults` takes it, hashed as it is",
        (a_byte_order_mark, a_byte_order_mark_that_is_allowed)),
    Row(6, "UTF-16", "refused", (utf_16,)),
    Row(7, "CRLF; git settings that convert line ends",
        "CRLF is refused unless allowed; hashes are over the bytes on disk, git converts none",
        (carriage_returns, carriage_returns_where_git_would_convert_them)),
    Row(8, "a line of many megabytes", "refused as `too-long`, in bounded memory",
        (a_line_of_twenty_megabytes,),
        ("examples/test_example_files.py::test_memory_stays_bounded_however_long_a_line_is",)),
    Row(9, "very many small files", "works", (three_thousand_files,)),
    Row(10, "nesting a hundred thousand deep", "refused as `not-json`",
        (nesting_of_a_hundred_thousand,)),
    Row(11, "a key twice in an object", "refused as `duplicate-key`", (a_key_twice,)),
    Row(12, "half a surrogate pair; a NUL", "refused, with the line", (half_a_character, a_nul)),
    Row(13, "U+2028 inside a text", "one example, not two", (a_line_separator_inside_a_text,)),
    Row(14, "no line feed at the end; blank lines", "every example counts once",
        (no_line_feed_at_the_end, blank_lines)),
    Row(15, "a file that changes while it is hashed", "refused; nothing is on record",
        tests=("unit/readers/test_reader_files.py"
               "::test_a_file_that_changes_while_it_is_hashed_has_no_hash",
               "data/test_data_snapshot.py"
               "::test_data_that_changes_while_it_is_tracked_is_not_recorded"), ends=(4,)),
    Row(16, "an edit that keeps size and time", "seen: everything is hashed in full",
        (an_edit_of_equal_size_and_time,),
        ("data/test_data_snapshot.py::test_one_changed_byte_of_equal_size_and_time_is_seen",)),
    Row(17, "a symbolic link in a folder of data", "refused, by name",
        (a_link_in_a_folder,), (f"{REFUSED}[link_inside]",)),
    Row(18, "a link that leads to itself", "refused", (a_link_to_itself,)),
    Row(19, "a link to nothing", "refused, by name",
        (a_link_to_nothing,), (f"{REFUSED}[dangling_link]",)),
    Row(20, "a pipe, a socket, a device", "refused at once; nobody waits for a writer",
        (a_pipe, a_socket), (f"{REFUSED}[device]",)),
    Row(21, "a file or folder that may not be read", "refused, by name",
        (a_file_that_may_not_be_read,),
        ("unit/readers/test_reader_files.py::test_a_folder_that_may_not_be_read_is_refused",)),
    Row(22, "names with line feeds, `%`, `?`, or that are no UTF-8", "refused, by name",
        (a_line_feed_in_a_name, a_percent_sign_in_a_name, a_question_mark_in_a_name,
         a_name_that_is_no_unicode)),
    Row(23, "names that differ in case or composition alone", "refused: some disk keeps one",
        (names_that_differ_in_case_alone, names_that_differ_in_composition_alone)),
    Row(24, "`.dvcignore` hides a file of the data", "refused, by name",
        (a_file_that_dvcignore_hides,), (f"{REFUSED}[file_hidden_by_dvcignore]",)),
    Row(25, "what a killed checkout of DVC left in the data", "refused, by name",
        (what_a_killed_checkout_of_dvc_leaves,)),
    Row(26, "an empty folder in the data", "works, with a notice: DVC keeps files only",
        (an_empty_folder_in_a_folder,)),
    Row(27, "data for which the disk has no room", "refused before anything is written",
        (a_file_that_no_disk_could_hold_twice,)),
    Row(28, "two files with one MD5", "refused: SHA-256 tells them apart; neither is lost",
        (two_files_with_one_md5,),
        ("data/test_data_copies.py::test_bytes_with_the_md5_of_others_are_told_by_sha256",)),
    Row(29, "data inside other data", "refused, both ways",
        (data_around_data_that_is_tracked, data_inside_data_that_is_tracked)),
    Row(30, "evaluation data among the training data", "the gate refuses where it is asked to",
        (evaluation_data_among_the_training_data,),
        ("cli/test_cli_data.py::test_a_planted_leak_is_found",)),
    Row(31, "a secret in the data", "works, with a warning of kind and line, never the text",
        (a_token_in_the_data,),
        ("cli/test_cli_data_sensitive.py"
         "::test_a_snapshot_keeps_the_warnings_and_never_the_text",)),
)  # fmt: skip
