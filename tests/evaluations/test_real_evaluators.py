"""The evaluators themselves, run here on models that guess: what they write today is read whole.

Inspect asks for other versions of libraries than DVC's S3 does, so it is looked for on the PATH,
where a tool with an environment of its own stands.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project

from ft_registry.readers.evaluations.reading import read_evaluation
from ft_registry.readers.evaluations.zstd_zip import ZstdZip

pytestmark = pytest.mark.integration

QUESTIONS = 12
TASK = """\
task: sums
dataset_path: json
dataset_kwargs: {{data_files: {{test: {data}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}"
doc_to_choice: ["even", "odd"]
doc_to_target: answer
metric_list:
  - {{metric: acc, aggregation: mean, higher_is_better: true}}
metadata: {{version: 1.0}}
"""
INSPECT_TASK = """\
import tiktoken
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes

class Words:  # its own tables of tokens are fetched from the network at the first use
    def encode(self, text, **_):
        return text.split()

tiktoken.get_encoding = tiktoken.encoding_for_model = lambda _: Words()

@task
def sums():
    samples = [
        Sample(input=f"Is {number} even?", target="Default" if number % 3 else "never said")
        for number in range(12)
    ]
    return Task(dataset=samples, scorer=includes())
"""


def run(*command: str, cwd: Path, **env: str) -> str:
    """Runs a program that must succeed, without a network; returns what it said."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(cwd / "hf")}
    offline |= {name: str(cwd / "home") for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **offline, **env}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.mark.skipif(not importlib.util.find_spec("lm_eval"), reason="lm-eval is not installed")
def test_lm_eval_of_today_is_read(tmp_path: Path) -> None:
    rows = [{"question": f"Is {n} even?", "answer": n % 2} for n in range(QUESTIONS)]
    data = tmp_path / "sums.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "sums.yaml").write_text(TASK.format(data=data))
    run(
        sys.executable, "-m", "lm_eval", "run", "--model", "dummy", "--tasks", "sums",
        "--include_path", str(tmp_path / "tasks"), "--output_path", str(tmp_path / "out"),
        "--log_samples", cwd=tmp_path,
    )  # fmt: skip
    (results,) = tmp_path.glob("out/**/results_*.json")
    said: dict[str, Any] = json.loads(results.read_text())
    found = read_evaluation([results.parent])
    (score,) = [one for one in found.scores if one.metric == "acc"]
    assert (found.suite, found.harness) == ("sums", "lm-eval")
    assert found.harness_version == said["lm_eval_version"]
    assert (score.value, score.n) == (said["results"]["sums"]["acc,none"], QUESTIONS)
    assert score.stderr == pytest.approx(said["results"]["sums"]["acc_stderr,none"])
    assert found.items is not None
    assert len(set(found.items.ids)) == QUESTIONS
    assert found.items.scores["acc"].mean() == pytest.approx(score.value)


@pytest.mark.skipif(not shutil.which("inspect"), reason="no inspect on the PATH")
def test_inspect_of_today_is_read(tmp_path: Path) -> None:
    (tmp_path / "sums.py").write_text(INSPECT_TASK)
    run(
        "inspect", "eval", "sums.py", "--model", "mockllm/model", "--log-dir", "logs",
        "--display", "none", cwd=tmp_path,
    )  # fmt: skip
    (log,) = tmp_path.glob("logs/*.eval")
    with ZstdZip(log) as archive:
        header = json.loads(archive.read("header.json"))
    found = read_evaluation([log])
    (score,) = [one for one in found.scores if one.metric == "includes/accuracy"]
    said = header["results"]["scores"][0]["metrics"]["accuracy"]["value"]
    assert (found.suite, found.harness, score.value) == ("sums", "inspect", pytest.approx(said))
    assert found.items is not None
    assert len(set(found.items.ids)) == QUESTIONS


def inspect_has_us() -> bool:
    """Returns whether Inspect's own environment has this project beside it."""
    program = shutil.which("inspect")
    if program is None:
        return False
    python = Path(program).resolve().parent / "python"
    probe = [python, "-c", "import ft_registry.plugins.inspect_hooks"]
    return (
        python.exists() and subprocess.run(probe, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not inspect_has_us(), reason="no inspect on the PATH that has ft-registry too")
@pytest.mark.parametrize(("version", "scores"), [("m/1", 1), ("m/99", 0)])
def test_inspect_puts_its_log_on_record(seeded: Project, version: str, scores: int) -> None:
    (seeded.root / "sums.py").write_text(INSPECT_TASK)
    told = run(
        "inspect", "eval", "sums.py", "--model", "mockllm/m/1", "--log-dir", "logs",
        "--display", "none", cwd=seeded.root, FT_REGISTRY_VERSION=version,
    )  # fmt: skip
    added = [one for one in seeded.done("show", "m/1")["evaluations"] if one["suite"] == "sums"]
    assert len(added) == scores, told
    assert ("added sums of m/1" in told) == (scores == 1)
    assert ("found no m/99" in told) == (scores == 0), told
