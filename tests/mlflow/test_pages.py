"""MLflow's own pages tell the story of a version: looked at in a real browser."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.project import COMMAND, environment, lora_bytes, run_cli, weights
from tests.pages.browser import BROWSER, dump

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium, and finds none on the PATH"),
]


@dataclass(frozen=True)
class Registry:
    folder: Path
    settings: dict[str, str]

    def run(self, *arguments: str) -> str:
        done = run_cli(*arguments, cwd=self.folder, env=self.settings)
        assert done.code == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("registry")
    actor = "Ada Tunes <ada@example.org>"
    made = Registry(folder, {"HOME": str(folder), "FT_REGISTRY_ACTOR": actor})
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    for name in ("base", "adapter", "data"):
        (folder / name).mkdir()
    (folder / "base" / "model.safetensors").write_bytes(weights(2000, b"base"))
    (folder / "adapter" / "adapter_model.safetensors").write_bytes(lora_bytes())
    (folder / "adapter" / "adapter_config.json").write_text(
        '{"peft_type": "LORA", "r": 8, "base_model_name_or_path": "base"}'
    )
    (folder / "data" / "train.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 3)
    (folder / "dates.jsonl").write_text('{"id": "q1", "exact_match": 1}\n')
    (folder / "params.yaml").write_text("learning_rate: 0.005\n")
    made.run("init")
    made.run("data", "snapshot", "data/train.jsonl")
    made.run(
        "register", "support-dates", "adapter", "--data", "data/train.jsonl", "--method", "sft",
        "--eval", "dates.jsonl", "--note", "first <b>of</b> its kind",
    )  # fmt: skip
    made.run("promote", "support-dates/1", "--to", "champion")
    return made


@pytest.fixture(scope="module")
def pages(registry: Registry) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*COMMAND, "ui", "--port", str(port)], cwd=registry.folder,
        env=environment(registry.settings), start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/health", server)
        yield url
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=30)


def _wait(url: str, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the server did not answer within 90 s")


def seen(url: str, tmp_path: Path, *, wanted: str) -> str:
    """Returns the page as the browser has it, once it shows the text."""
    page = ""
    for budget in (10_000, 20_000, 40_000):
        page = dump(url, tmp_path, budget=budget)
        if wanted in page:
            break
    return page


def record_of(registry: Registry) -> dict[str, object]:
    shown: dict[str, object] = json.loads(registry.run("--json", "show", "support-dates/1"))
    return shown


def test_the_version_page_shows_description_tags_and_alias(
    registry: Registry, pages: str, tmp_path: Path
) -> None:
    shown = record_of(registry)
    page = seen(f"{pages}/#/models/support-dates/versions/1", tmp_path, wanted="ftr.identity")
    assert "adapter by SFT on base" in page
    assert "data/train.jsonl" in page
    assert shown["record"]["data"][0]["dvc"]["md5"] in page
    assert "dates.exact" in page
    assert "ftr.identity" in page
    assert "champion" in page
    assert "first <b>of</b> its kind" not in page
    assert "first &lt;b&gt;of&lt;/b&gt; its kind" in page


def test_the_model_page_lists_the_version_with_its_alias(pages: str, tmp_path: Path) -> None:
    page = seen(f"{pages}/#/models/support-dates", tmp_path, wanted="champion")
    assert "Version 1" in page
    assert "champion" in page
    assert "champion is version 1" in page
    assert "registered by ft-registry" in page


def test_the_run_page_shows_the_dataset_with_its_true_hash(
    registry: Registry, pages: str, tmp_path: Path
) -> None:
    shown = record_of(registry)
    record = shown["record"]
    run = record["run"]["run_id"]
    page = seen(f"{pages}/#/experiments/1/runs/{run}", tmp_path, wanted="train")
    md5 = record["data"][0]["dvc"]["md5"]
    assert md5[:8] in page
    assert "learning_rate" in page
    assert "exact_match" in page
