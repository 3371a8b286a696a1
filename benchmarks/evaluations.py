"""What do reading, comparing and showing evaluations cost, and comparing weights?"""

import hashlib
import json
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

_READ = """
import resource, sys
from datetime import datetime
from pathlib import Path
from ft_registry.readers.evaluations.reading import read_evaluation

found = read_evaluation([Path(sys.argv[1])])
assert len(found.items) == int(sys.argv[2]), len(found.items)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
_LOADS = """
import json, sys
with open(sys.argv[1], "rb") as file:
    print(sum(json.loads(line)["acc"] for line in file))
"""
_WEIGHTS = """
import sys
from pathlib import Path
from ft_registry.actions.compare_weights import compare_weights

print(compare_weights(Path(sys.argv[1]), Path(sys.argv[2])).overall)
"""
_NORMS = """
import sys
import numpy as np
from safetensors.numpy import load_file

old, new = (load_file(f"{folder}/adapter_model.safetensors") for folder in sys.argv[1:])
print(sum(float(np.linalg.norm(new[name].astype(np.float64) - old[name])) for name in old))
"""
_SAMPLES = "samples_arithmetic_2026-11-23T20-18-24.716756.jsonl"


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields the cost of reading, of comparing items, of showing scores, of comparing weights."""
    place = lab.registry("evaluations")
    count = 2_000 if plan.small else 100_000
    samples = place.folder / _SAMPLES
    size = _write_samples(samples, count)
    peak = place.python(_READ, samples.name, str(count)).strip()
    yield Question(
        f"Reading {count:,} samples of lm-evaluation-harness ({size >> 20} MiB)",
        [
            Contender("our reader", lambda: place.python(_READ, samples.name, str(count))),
            Contender("json.loads alone", lambda: place.python(_LOADS, samples.name)),
        ],
        unit="json.loads alone",
        targets=[Target("our reader", 3.0)],
        notes=[f"largest of our process: {peak} MiB"],
    ).answer(plan.rounds)
    samples.unlink()
    yield _comparing(place, plan)
    yield _weights(lab, plan)


def _comparing(place: Lab, plan: Plan) -> Result:
    count = 500 if plan.small else 10_000
    write_adapter(place.folder / "adapter", megabytes=1, seed=1)
    for number in (1, 2):
        write_adapter(place.folder / "adapter", megabytes=1, seed=number)
        place.run("ft-registry", "register", "model", "adapter", "--method", "sft")
        _write_items(place.folder / "graded.jsonl", count, seed=number)
        place.run("ft-registry", "eval", "add", f"model/{number}", "graded.jsonl")
    run = place.run
    return Question(
        f"Comparing {count:,} graded items with 10,000 resamples; showing scores",
        [
            Contender(
                "eval compare", lambda: run("ft-registry", "eval", "compare", "model/1", "model/2")
            ),
            Contender("eval show", lambda: run("ft-registry", "eval", "show", "model")),
        ],
        unit="eval show",
        targets=[Target("eval compare", 1.5), Target("eval show", 0.5)],
    ).answer(plan.rounds)


def _weights(lab: Lab, plan: Plan) -> Result:
    place = lab.registry("weights")
    megabytes = 4 if plan.small else 200
    for name, seed in (("before", 1), ("after", 2)):
        write_adapter(place.folder / name, megabytes=megabytes, seed=seed)
    return Question(
        f"Comparing the weights of two adapters of {megabytes} MB",
        [
            Contender("our comparison", lambda: place.python(_WEIGHTS, "before", "after")),
            Contender("safetensors, norms alone", lambda: place.python(_NORMS, "before", "after")),
        ],
        unit="safetensors, norms alone",
        targets=[Target("our comparison", 3.0)],
    ).answer(plan.rounds)


def _write_samples(file: Path, count: int) -> int:
    """Writes samples of about two kilobytes; returns the bytes."""
    chance = random.Random(7)
    words = [f"w{n}" for n in range(5000)]
    with file.open("w") as rows:
        for number in range(count):
            question = f"Question {number}: " + " ".join(chance.choices(words, k=60))
            prompt = f"Solve it.\n{question}\nAnswer:"
            row = {
                "doc_id": number,
                "doc": {"question": question, "answer": str(number)},
                "target": str(number),
                "arguments": {
                    f"gen_args_{n}": {"arg_0": prompt, "arg_1": f" {n}"} for n in range(3)
                },
                "resps": [[["-0.2187810373376886", "False"]]] * 3,
                "filtered_resps": [["-0.2187810373376886", "False"]] * 3,
                "filter": "none",
                "metrics": ["acc"],
                "doc_hash": _sha(question),
                "prompt_hash": _sha(prompt),
                "target_hash": _sha(str(number)),
                "acc": float(number % 3 == 0),
            }
            rows.write(json.dumps(row) + "\n")
    return file.stat().st_size


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _write_items(file: Path, count: int, *, seed: int) -> None:
    chance = random.Random(seed)
    with file.open("w") as rows:
        for number in range(count):
            score = round(chance.betavariate(2 + seed, 2), 6)
            item = {"id": f"q{number}", "rouge": score, "prompt": f"What is {number}?"}
            rows.write(json.dumps(item) + "\n")


def write_adapter(folder: Path, *, megabytes: int, seed: int) -> None:
    """Writes a LoRA adapter of rank 32."""
    folder.mkdir(exist_ok=True)
    rank, width = 32, 4096
    layers = max(1, megabytes * 1_000_000 // (2 * rank * width * 4))
    values = np.random.default_rng(seed)
    header: dict[str, object] = {}
    offset = 0
    shapes = [
        (f"layers.{layer}.q_proj.lora_{side}.weight", shape)
        for layer in range(layers)
        for side, shape in (("A", (rank, width)), ("B", (width, rank)))
    ]
    for name, shape in shapes:
        end = offset + rank * width * 4
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    with (folder / "adapter_model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _ in shapes:
            file.write(values.standard_normal(rank * width, dtype=np.float32).tobytes())
    config = {
        "peft_type": "LORA", "r": rank, "lora_alpha": 64, "target_modules": ["q_proj"],
        "base_model_name_or_path": "base",
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(config))
