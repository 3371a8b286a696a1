"""Rows 87 to 97: what is wrong with DVC's remotes and cache."""

from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.catalogue.rows import Row, case
from tests.catalogue.score_rows import PROMOTE, ruled
from tests.cli.project import Project

PUSHED = "lineage: {pushed: true}"
PUSH = ("data", "snapshot", "data/train.jsonl", "--push")


def remote(project: Project, name: str = "store") -> Path:
    """Makes a folder beside the registry its DVC remote."""
    place = project.root.parent / name
    project.write(
        ".dvc/config", f"[core]\n    remote = store\n['remote \"store\"']\n    url = {place}\n"
    )
    project.commit(".dvc/config")
    return place


def stored(project: Project) -> Path:
    """Pushes the data; returns the folder of the remote."""
    place = remote(project)
    project.done(*PUSH)
    return place


def object_in(place: Path, project: Project) -> Path:
    """Returns where a remote or cache keeps the data."""
    pointer = (project.root / "data" / "train.jsonl.dvc").read_text()
    md5 = pointer.partition("md5: ")[2][:32]
    return place / "files" / "md5" / md5[:2] / md5[2:]


def rot(file: Path) -> None:
    """Flips a byte, in a file that DVC believes for its mode."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o644)
    file.write_bytes(content)
    file.chmod(0o444)


def _cache(project: Project) -> Path:
    return project.root / ".dvc" / "cache"


@case(3, "remote")
def no_remote_where_the_gate_asks_for_one(project: Project) -> Sequence[str]:
    return ruled(project, PUSHED)


@case(1, "remote")
def no_remote_to_push_to(project: Project) -> Sequence[str]:
    return PUSH


def _is_whole(project: Project) -> None:
    place = object_in(project.root.parent / "store", project)
    assert place.read_bytes() == (project.root / "data" / "train.jsonl").read_bytes()


@case(0, changes=True, after=_is_whole)
def an_object_that_a_push_left_out(project: Project) -> Sequence[str]:
    object_in(stored(project), project).unlink()
    return PUSH


@case(0, changes=True)
def a_listing_whose_files_are_missing(project: Project) -> Sequence[str]:
    place = remote(project)
    for name in ("a", "b"):
        project.write(f"many/{name}.jsonl", f'{{"prompt": "{name}", "completion": "c"}}\n')
    project.done("data", "snapshot", "many", "--push")
    for file in place.rglob("*"):
        if file.is_file() and not file.name.endswith(".dir"):
            file.unlink()
    return "data", "snapshot", "many", "--push"


@case(4, "data/train.jsonl")
def an_object_of_the_cache_that_rotted(project: Project) -> Sequence[str]:
    rot(object_in(_cache(project), project))
    return PROMOTE


@case(4, "data/train.jsonl")
def an_object_of_the_remote_that_rotted(project: Project) -> Sequence[str]:
    rot(object_in(stored(project), project))
    return PROMOTE


def _cache_is_whole(project: Project) -> None:
    place = object_in(_cache(project), project)
    assert place.read_bytes() == (project.root / "data" / "train.jsonl").read_bytes()


@case(0, "data/train.jsonl", changes=True, after=_cache_is_whole)
def an_object_of_the_cache_that_rotted_and_is_healed(project: Project) -> Sequence[str]:
    rot(object_in(_cache(project), project))
    return "verify", "m/1", "--heal"


@case(0, "data/train.jsonl", changes=True, after=_is_whole)
def an_object_of_the_remote_that_rotted_and_is_healed(project: Project) -> Sequence[str]:
    rot(object_in(stored(project), project))
    return "verify", "m/1", "--heal"


@case(4, "data/train.jsonl")
def objects_that_rotted_wherever_they_lay(project: Project) -> Sequence[str]:
    rot(object_in(stored(project), project))
    rot(object_in(_cache(project), project))
    (project.root / "data" / "train.jsonl").unlink()
    return "verify", "m/1", "--heal", "--dry-run"


@case(4, "data/train.jsonl")
def objects_that_rotted_in_cache_and_remote(project: Project) -> Sequence[str]:
    rot(object_in(stored(project), project))
    rot(object_in(_cache(project), project))
    return "verify", "m/1"


class _Refusing(BaseHTTPRequestHandler):
    """Wants a login that nobody has."""

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if self.parse_request():
            self.send_error(403)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


_SERVERS: dict[Path, ThreadingHTTPServer] = {}


def _end(project: Project) -> None:
    server = _SERVERS.pop(project.root)
    server.shutdown()
    server.server_close()


def _behind(project: Project, url: str) -> Sequence[str]:
    """Names a remote behind HTTP; returns what uploads to it."""
    project.write(
        ".dvc/config", f"[core]\n    remote = store\n['remote \"store\"']\n    url = {url}\n"
    )
    project.commit(".dvc/config")
    return PUSH


@case(6, "403", "credentials", after=_end)
def a_server_that_refuses(project: Project) -> Sequence[str]:
    server = _SERVERS[project.root] = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    Thread(target=server.serve_forever, daemon=True).start()
    return _behind(project, f"http://ada:sesame@127.0.0.1:{server.server_port}/store")


@case(6, "127.0.0.1")
def a_server_that_is_not_there(project: Project) -> Sequence[str]:
    return _behind(project, "http://127.0.0.1:9/store")


@case(1, "relative")
def a_remote_at_a_relative_place(project: Project) -> Sequence[str]:
    project.write(
        ".dvc/config", "[core]\n    remote = store\n['remote \"store\"']\n    url = ../store\n"
    )
    return PUSH


@case(0, changes=True)
def a_collection_of_garbage_with_a_remote(project: Project) -> Sequence[str]:
    stored(project)
    cached = object_in(_cache(project), project)
    for name in ("train.jsonl.dvc", "train.jsonl"):
        (project.root / "data" / name).unlink()
    project.dvc("gc", "--workspace", "--force", "--quiet")
    assert not cached.exists()
    return "restore", "m/1", "--into", str(project.root.parent / "back")


@case(4, "data/train.jsonl")
def a_collection_of_garbage_without_a_remote(project: Project) -> Sequence[str]:
    for name in ("train.jsonl.dvc", "train.jsonl"):
        (project.root / "data" / name).unlink()
    project.dvc("gc", "--workspace", "--force", "--quiet")
    return "verify", "m/1"


@case(3, "store")
def another_folder_in_the_place_of_the_remote(project: Project) -> Sequence[str]:
    stored(project)
    remote(project, "other").mkdir()
    return ruled(project, PUSHED)


NETWORK = "data/test_data_network.py"

ROWS = (
    Row(87, "no DVC remote", "a push, and a gate that asks for one, are refused",
        (no_remote_where_the_gate_asks_for_one, no_remote_to_push_to)),
    Row(88, "credentials that are refused", "told at once, without the secret",
        (a_server_that_refuses,),
        (f"{NETWORK}::test_credentials_that_are_refused_are_told_but_not_shown",)),
    Row(89, "servers that fail, never answer or drip", "left after a bounded time",
        (a_server_that_is_not_there,),
        (f"{NETWORK}::test_a_server_that_never_answers_is_unknown_soon",
         "mlflow/test_mlflow_drift.py::test_a_server_that_drips_is_left_after_its_time")),
    Row(90, "data that was pushed in part", "the next push completes it",
        (an_object_that_a_push_left_out,),
        ("data/test_data_push.py"
         "::test_a_push_completes_what_an_interrupted_one_left_out",)),
    Row(91, "a listing in the remote, its files not", "the next push completes it",
        (a_listing_whose_files_are_missing,)),
    Row(92, "an object that rotted in the cache or the remote",
        "named; nothing is promoted on it; `verify --heal` puts a good copy there",
        (an_object_of_the_cache_that_rotted, an_object_of_the_remote_that_rotted,
         an_object_of_the_cache_that_rotted_and_is_healed,
         an_object_of_the_remote_that_rotted_and_is_healed),
        ("data/test_data_rot.py"
         "::test_a_snapshot_over_a_rotten_object_keeps_the_good_file_and_tells",
         "data/test_data_bring.py"
         "::test_a_folder_is_made_of_the_good_objects_of_all_places")),
    Row(93, "an object that rotted everywhere",
        "told as damaged, every place of it, and left where it is",
        (objects_that_rotted_in_cache_and_remote, objects_that_rotted_wherever_they_lay),
        ("data/test_data_healing.py"
         "::test_after_any_damage_all_is_whole_or_named_and_no_bad_byte_is_gone",)),
    Row(94, "a remote at a relative place", "refused: DVC resolves it differently each time",
        (a_remote_at_a_relative_place,),
        ("data/test_data_push.py"
         "::test_a_relative_remote_is_refused_before_anything_is_tracked",
         "cli/test_cli_doctor.py::test_remotes_are_judged_by_their_kind")),
    Row(95, "`dvc gc` ran", "comes from the remote; without one `verify` says what is lost",
        (a_collection_of_garbage_with_a_remote, a_collection_of_garbage_without_a_remote)),
    Row(96, "a bucket whose listing is not allowed", "what cannot be asked is not called lost",
        tests=("data/test_data_contract.py"
               "::test_a_place_that_does_not_answer_is_unknown_with_a_reason",), ends=(6,)),
    Row(97, "another bucket in the place of the remote", "the gate that asks for a copy refuses",
        (another_folder_in_the_place_of_the_remote,),
        (f"{NETWORK}::test_what_a_bucket_does_not_have_is_lost",)),
)  # fmt: skip
