"""What do checking, indexing, comparing and tracing examples cost?"""

import json
import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from lab import Lab
from measure import Contender, Plan, Question, Result, Target

_GSM8K = Path(__file__).resolve().parents[2] / "shared" / "data" / "gsm8k" / "train.jsonl"
"""Real questions, where they lie beside the repository; else words stand in for them."""
_ROUNDS = 3
_ONE_THREAD = """
import hashlib, json, sys
seen = set()
with open(sys.argv[1], "rb") as file:
    for line in file:
        row = json.loads(line)
        text = json.dumps(row, sort_keys=True, separators=(",", ":"))
        seen.add(hashlib.sha256(text.encode()).digest())
print(len(seen))
"""
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields the cost of checks by size, then of overlap, near overlap and trace."""
    place = lab.registry("examples")
    rounds = min(plan.rounds, _ROUNDS)
    sizes = (1_000, 10_000) if plan.small else (10_000, 100_000, 1_000_000)
    for size in sizes:
        file = place.folder / f"rows-{size}.jsonl"
        _write(file, size)
        peak = place.python(_PEAK, "ft-registry", "data", "check", file.name).strip()
        is_last = size == sizes[-1]
        yield Question(
            f"Checking, profiling and hashing {size:,} examples of about 1 KB",
            [
                Contender("ft-registry data check", _run(place, "data", "check", file.name)),
                Contender(
                    "json.loads, canonical JSON, SHA-256", _python(place, _ONE_THREAD, file.name)
                ),
            ],
            unit="json.loads, canonical JSON, SHA-256",
            targets=[
                Target("ft-registry data check", 0.25, to="json.loads, canonical JSON, SHA-256")
            ]
            if is_last
            else [],
            notes=[f"largest process of ours: {peak} MiB"],
        ).answer(rounds)
    large = place.folder / f"rows-{sizes[-1]}.jsonl"
    few = place.folder / "test.jsonl"
    _write(few, sizes[0], seed=7)
    place.run("ft-registry", "data", "snapshot", large.name, "--name", "train")
    place.run("ft-registry", "data", "snapshot", few.name)
    yield Question(
        f"Exact overlap of {sizes[-1]:,} with {sizes[0]:,} examples, from the indexes",
        [Contender("ft-registry data overlap", _run(place, "data", "overlap", "train", "test"))],
        unit="ft-registry data overlap",
        targets=[Target("ft-registry data overlap", 1.0)],
    ).answer(rounds)
    place.run("ft-registry", "data", "snapshot", f"rows-{sizes[-2]}.jsonl", "--name", "mid")
    yield Question(
        f"Near overlap of {sizes[-2]:,} with {sizes[0]:,} examples",
        [Contender("overlap --near", _run(place, "data", "overlap", "mid", "test", "--near"))],
        unit="overlap --near",
        targets=[Target("overlap --near", 20.0)],
    ).answer(1)
    yield _tracing(lab, plan, rounds)


def _tracing(lab: Lab, plan: Plan, rounds: int) -> Result:
    place = lab.registry("traces")
    count, size = (5, 2_000) if plan.small else (50, 200_000)
    file = place.folder / "talks.jsonl"
    for number in range(count):
        with file.open("w") as rows:
            for row in range(size):
                rows.write(f'{{"prompt":"{number} {row}","completion":"{row}"}}\n')
        place.run("ft-registry", "data", "snapshot", file.name)
    one = place.folder / "one.json"
    one.write_text(json.dumps({"prompt": f"{count // 2} 7", "completion": "7"}))
    return Question(
        f"A trace over {count} snapshots of {size:,} examples",
        [Contender("ft-registry data trace", _run(place, "data", "trace", "--example", one.name))],
        unit="ft-registry data trace",
        targets=[Target("ft-registry data trace", 1.0)],
    ).answer(rounds)


def _run(place: Lab, *arguments: str) -> Callable[[], object]:
    return lambda: place.run("ft-registry", *arguments)


def _python(place: Lab, source: str, name: str) -> Callable[[], object]:
    return lambda: place.python(source, name)


def _write(file: Path, count: int, *, seed: int = 0) -> None:
    """Writes examples of about a kilobyte, all different."""
    chance = random.Random(seed)
    texts = _texts()
    with file.open("w") as rows:
        for number in range(count):
            first, second = chance.choice(texts), chance.choice(texts)
            row = {
                "question": f"{first[0]} Then ({seed}, {number}): {second[0][:240]}",
                "answer": f"{first[1]}\n{second[1][:200]}",
            }
            rows.write(json.dumps(row) + "\n")


def _texts() -> list[tuple[str, str]]:
    if not _GSM8K.is_file():
        words = [" ".join(f"w{n * 31 % (97 + k)}" for k in range(60)) for n in range(5000)]
        return list(zip(words, reversed(words), strict=True))
    with _GSM8K.open() as file:
        found = map(json.loads, islice(file, 10_000))
        return [(row["question"], row["answer"]) for row in found]
