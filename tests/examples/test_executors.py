"""Whoever runs the kernel, what comes out is the same; and nobody waits for a dead worker."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.examples.parts import add_up, look, settings_of

from ft_registry.backends.executors.local import LocalExecutor
from ft_registry.backends.executors.ray import RayExecutor
from ft_registry.errors import BackendUnavailable, InvalidInput, Refused
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import Settings
from ft_registry.examples.work import Task
from ft_registry.ports.executor import Executor
from ft_registry.readers.example_sources import find_sources, split
from ft_registry.readers.measure import token_counter

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray, an extra, is not installed")


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Files of several kinds, with faults, and one that breaks off."""
    folder = tmp_path / "shards"
    folder.mkdir()
    rows = [{"prompt": f"what is {n}?", "completion": f"it is {n * n}"} for n in range(900)]
    lines = [json.dumps(row) for row in rows]
    lines[::50] = ['{"prompt": ""}'] * 18
    (folder / "a.jsonl").write_text("\n".join(lines))
    (folder / "b.json").write_text(json.dumps(rows[:40]))
    (folder / "c.csv").write_text('prompt,completion\nx,y\n"z,y\n')
    (folder / "d.jsonl.gz").write_bytes(b"no gzip")
    return folder


def tasks_of(folder: Path, part_bytes: int = 2000) -> list[Task]:
    return split(find_sources(folder), part_bytes=part_bytes)


def tokenizer_at(folder: Path) -> Path:
    """A tokenizer that cuts what it is fed to three words."""
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.enable_truncation(3)
    made.enable_padding(length=8)
    made.save(str(folder / "tokenizer.json"))
    return folder


def check_contract(executor: Executor, shards: Path, tmp_path: Path) -> None:
    tasks, settings = tasks_of(shards), settings_of(shards)
    outcomes = list(executor.run(tasks, settings, tokenizer=None))
    assert [outcome.task for outcome in outcomes] == tasks
    assert add_up(outcomes) == look(shards, settings)
    assert add_up(outcomes).unreadable.keys() == {"c.csv", "d.jsonl.gz"}
    counted = add_up(executor.run(tasks, settings, tokenizer=tokenizer_at(tmp_path)))
    assert counted.tally.prompts.largest == 3
    with pytest.raises(InvalidInput) as refused:
        list(executor.run(tasks, settings, tokenizer=tmp_path / "none.json"))
    assert refused.value.hints
    assert list(executor.run([], settings, tokenizer=None)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_find_what_one_finds(workers: int, shards: Path, tmp_path: Path) -> None:
    check_contract(LocalExecutor(workers, small=0), shards, tmp_path)
    assert multiprocessing.active_children() == []


def test_beside_a_thread_processes_begin_anew(shards: Path) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        settings = settings_of(shards)
        found = add_up(LocalExecutor(2, small=0).run(tasks_of(shards), settings, tokenizer=None))
    finally:
        stop.set()
        thread.join()
    assert found == look(shards, settings)


def test_a_worker_that_is_killed_is_told(shards: Path) -> None:
    running = LocalExecutor(2, small=0).run(
        tasks_of(shards, 200), settings_of(shards), tokenizer=None
    )
    next(running)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(BackendUnavailable, match="killed by signal 9"):
        list(running)
    assert multiprocessing.active_children() == []


def test_who_stops_asking_leaves_no_process_behind(shards: Path) -> None:
    running = LocalExecutor(2, small=0).run(
        tasks_of(shards, 200), settings_of(shards), tokenizer=None
    )
    next(running)
    assert len(multiprocessing.active_children()) == 2
    running.close()  # type: ignore[attr-defined]  # it is a generator
    assert multiprocessing.active_children() == []


SCRIPT = """
import multiprocessing, sys
from pathlib import Path
from ft_registry.backends.executors.local import LocalExecutor
from ft_registry.examples.formats import Format
from ft_registry.examples.kernel import Settings
from ft_registry.readers.example_sources import find_sources, split
tasks = split(find_sources(Path(sys.argv[1])), part_bytes=200)
for _ in LocalExecutor(2, small=0).run(tasks * 9999, Settings(Format("unknown")), tokenizer=None):
    children = multiprocessing.active_children()
    if children and sys.argv:
        print(*[child.pid for child in children], flush=True)
        sys.argv.clear()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_the_process_that_started_them(
    shards: Path, number: signal.Signals
) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(shards / "a.jsonl")],
        env=environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    pids = [int(pid) for pid in process.stdout.readline().split()]
    assert len(pids) == 2
    if number == signal.SIGINT:  # a terminal sends it to all of them
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, talk = process.communicate(timeout=60)  # ends when nobody holds the pipe any more
    deadline = time.monotonic() + 20
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_running, pids))
    assert process.returncode == -number
    assert talk.count("Traceback") == (number == signal.SIGINT)  # of the script alone


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_half_a_character_is_counted_as_one_that_is_not_known(tmp_path: Path) -> None:
    count = token_counter(tokenizer_at(tmp_path))
    assert count(["a b c d e", "", "half \ud800"]) == [5, 0, 2]


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_it_is_said_what_to_install(shards: Path) -> None:
    with pytest.raises(Refused) as refused:
        list(RayExecutor().run(tasks_of(shards), Settings(Format("unknown")), tokenizer=None))
    assert refused.value.hints == ("pip install ft-registry[ray]",)


@pytest.mark.integration
@needs_ray
def test_a_cluster_finds_what_one_process_finds(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # of the workers
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        check_contract(RayExecutor(), shards, tmp_path)
        assert ray.is_initialized()  # what somebody else started stays
    finally:
        ray.shutdown()


@pytest.mark.integration
@needs_ray
def test_a_cluster_that_is_not_there_is_told(shards: Path) -> None:
    executor = RayExecutor("127.0.0.1:1")
    with pytest.raises(BackendUnavailable) as told:
        list(executor.run(tasks_of(shards), Settings(Format("unknown")), tokenizer=None))
    assert told.value.hints
