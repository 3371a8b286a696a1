"""`eval`, `baseline` and `diff`, as processes: what was measured, bound to what it measured."""

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

LM_EVAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "lm_eval"
needs_lm_eval = pytest.mark.skipif(
    not LM_EVAL.is_dir(), reason="real outputs of lm-evaluation-harness are not beside the clone"
)
ITEMS = 60


def write_items(file: Path, right: Iterable[int], *, count: int = ITEMS, **more: Any) -> Path:
    """Writes scored items of which some are right."""
    chosen = set(right)
    file.write_text(
        "".join(
            json.dumps(
                {
                    "id": f"q{n}",
                    "exact_match": int(n in chosen),
                    "prompt": f"what is {n}?",
                    "target": str(n),
                    "answer": str(n) if n in chosen else "?",
                    **more,
                }
            )
            + "\n"
            for n in range(count)
        )
    )
    return file


@pytest.fixture
def measured(seeded: Project) -> Project:
    """m/1 with 20 of 60 right, m/2 with 40 of which 15 are among those 20."""
    seeded.done(
        "eval", "add", "m/1", write_items(seeded.root / "one.jsonl", range(20)), "--suite", "sums"
    )
    seeded.done(
        "eval",
        "add",
        "m/2",
        write_items(seeded.root / "two.jsonl", range(5, 45)),
        "--suite",
        "sums",
    )
    return seeded


def test_scores_of_an_evaluation_are_on_record_once(measured: Project) -> None:
    again = measured.done("eval", "add", "m/2", measured.root / "two.jsonl", "--suite", "sums")
    assert (again["created"], again["version"]) == (False, 2)
    shown = measured.done("show", "m/2")["evaluations"]
    (found,) = [one for one in shown if one["suite"] == "sums"]
    (score,) = found["scores"]
    assert (score["metric"], score["n"], score["value"]) == (
        "exact_match",
        60,
        pytest.approx(2 / 3),
    )
    # Wilson's interval of 40 of 60.
    assert (score["interval"]["low"], score["interval"]["high"]) == (
        pytest.approx(0.5406, abs=1e-4), pytest.approx(0.7727, abs=1e-4),
    )  # fmt: skip
    assert found["harness"]["name"] == "items"
    (event,) = [
        one for one in measured.done("log", "m")["events"]
        if one["type"] == "evaluate" and "m/2: sums" in one["subject"]
    ]  # fmt: skip
    assert event["actor"] == "Ada <ada@example.org>"


def test_mlflow_ties_scores_to_the_data_they_were_measured_on(seeded: Project) -> None:
    rows = "".join(json.dumps({"prompt": str(n), "completion": "x"}) + "\n" for n in range(ITEMS))
    (seeded.root / "data" / "held.jsonl").write_text(rows)
    seeded.done("data", "snapshot", "data/held.jsonl")
    file = write_items(seeded.root / "one.jsonl", range(15))
    added = seeded.done("eval", "add", "m/2", file, "--suite", "held", "--data", "held")
    home = seeded.done("show", "m/2")["record"]["run"]
    model = seeded.client().get_logged_model(home["logged_model_id"])
    (metric,) = [one for one in model.metrics if one.key == "held.exact_match"]
    assert metric.value == 0.25
    assert (metric.dataset_name, metric.dataset_digest) == (
        "held", added["evaluation"]["data"]["key"]
    )  # fmt: skip
    inputs = seeded.client().get_run(home["run_id"]).inputs.dataset_inputs
    assert "held" in {one.dataset.name for one in inputs}


def test_its_items_lie_beside_the_weights_and_are_verified(measured: Project) -> None:
    (artifact,) = [
        one["items"]["artifact"]
        for one in measured.done("show", "m/2")["evaluations"]
        if one["suite"] == "sums"
    ]
    assert measured.done("verify", "m/2")["ok"]
    (file,) = measured.root.rglob(f"**/{artifact}")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    outcome = measured.cli("--json", "verify", "m/2")
    assert outcome.code == 4
    assert artifact in outcome.stdout


def test_two_versions_are_compared_item_by_item(measured: Project) -> None:
    (suite,) = measured.done("eval", "compare", "m/1", "m/2", "--suite", "sums")["suites"]
    (metric,) = suite["metrics"]
    assert (suite["paired"], suite["only_before"], suite["only_after"]) == (ITEMS, 0, 0)
    assert (metric["gained"], metric["lost"]) == (25, 5)
    assert metric["delta"] == pytest.approx(20 / 60)
    # The two-sided sign test of 25 to 5.
    assert metric["p"] == pytest.approx(0.000325, abs=1e-6)
    assert [item["id"] for item in metric["newly_wrong"]] == ["q0", "q1", "q2"]
    assert metric["newly_wrong"][0]["texts"] == {
        "prompt": "what is 0?", "target": "0", "before": "0", "after": "?"
    }  # fmt: skip
    text = measured.cli("eval", "compare", "m/1", "m/2", "--suite", "sums").stdout
    assert "25 items higher, 5 lower" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_comparison_needs_mlflow_once(measured: Project) -> None:
    measured.done("eval", "compare", "m/1", "m/2", "--suite", "sums")
    for file in measured.root.rglob("**/ftr/evaluations/*.parquet"):
        file.unlink()
    measured.done("eval", "compare", "m/1", "m/2", "--suite", "sums")


def test_a_correction_is_another_evaluation(measured: Project) -> None:
    fixed = write_items(measured.root / "fixed.jsonl", range(30))
    measured.done("eval", "add", "m/2", fixed, "--suite", "sums", "--corrects", "--note", "bad key")
    assert measured.done("list", "m")["versions"][1]["scores"]["sums.exact_match"] == 0.5
    history = measured.done("eval", "show", "m/2", "--suite", "sums")
    assert [one["corrected"] for one in history["evaluations"]] == [True, False]
    assert history["series"][0]["points"][0]["runs"] == [0.5]
    outcome = measured.cli("eval", "add", "m/1", fixed, "--suite", "other", "--corrects")
    assert outcome.code == 2
    assert "to correct" in outcome.stderr


def test_measuring_again_shows_the_spread(measured: Project) -> None:
    again = write_items(measured.root / "again.jsonl", range(36))
    added = measured.done("eval", "add", "m/2", again, "--suite", "sums")
    assert any("measured 1 time before" in notice for notice in added["notices"])
    (series,) = measured.done("eval", "show", "m/2", "--suite", "sums")["series"]
    assert series["points"][0]["runs"] == [pytest.approx(40 / 60), 0.6]
    assert series["points"][0]["value"] == 0.6


def test_scores_over_versions_are_shown_with_aliases(measured: Project) -> None:
    text = measured.cli("eval", "show", "m", "--suite", "sums").stdout
    lines = text.splitlines()
    assert lines[0].startswith("sums  exact_match")
    assert any("m/2 @champion" in line and "0.6667" in line for line in lines)
    page = measured.root / "scores.html"
    measured.done("eval", "show", "m", "--html", page)
    assert "<svg" in page.read_text()
    assert "src=" not in page.read_text()


def test_an_evaluation_names_the_data_that_it_was_measured_on(measured: Project) -> None:
    (measured.root / "data" / "held.jsonl").write_text(
        "".join(json.dumps({"prompt": str(n), "completion": str(n)}) + "\n" for n in range(ITEMS))
    )
    measured.done("data", "snapshot", "data/held.jsonl")
    file = write_items(measured.root / "three.jsonl", range(9))
    added = measured.done("eval", "add", "m/1", file, "--suite", "held", "--data", "held")
    assert added["evaluation"]["data"]["name"] == "held"
    named = measured.done(
        "eval", "add", "m/1", file, "--suite", "public", "--data", "hub:openai/gsm8k@e53f048"
    )
    assert named["evaluation"]["data"] == {"name": "openai/gsm8k", "revision": "e53f048"}
    outcome = measured.cli("eval", "add", "m/1", file, "--suite", "x", "--data", "hub:openai/gsm8k")
    assert (outcome.code, "REVISION" in outcome.stderr) == (2, True)


def test_items_that_are_not_of_the_records_data_are_bound_to_none(seeded: Project) -> None:
    rows = "".join(json.dumps({"prompt": str(n), "completion": "x"}) + "\n" for n in range(ITEMS))
    (seeded.root / "data" / "held.jsonl").write_text(rows)
    seeded.done("data", "snapshot", "data/held.jsonl")
    fits = write_items(seeded.root / "fits.jsonl", range(9))
    done = seeded.done(
        "register", "m", adapter(seeded, "third"), "--data", "data/train.jsonl",
        "--data", "data/held.jsonl:eval", "--eval", fits,
    )  # fmt: skip
    assert done["version"] == 3
    other = write_items(seeded.root / "other.jsonl", range(3), count=7)
    seeded.done("eval", "add", "m/3", other)
    shown = {one["suite"]: one["data"] for one in seeded.done("show", "m/3")["evaluations"]}
    assert shown["fits"]["name"] == "held"
    assert "7 items were scored" in shown["other"]["unknown"]


@needs_lm_eval
def test_a_file_of_another_model_is_refused_unless_trusted(seeded: Project) -> None:
    run = LM_EVAL / "run-1"
    before = seeded.state()
    outcome = seeded.cli("--json", "eval", "add", "m/2", run)
    assert (outcome.code, outcome.error["kind"]) == (1, "refused")
    assert "hpbhprii" in outcome.error["message"]
    assert seeded.state() == before
    added = seeded.done("eval", "add", "m/2", run, "--trust")
    assert "hpbhprii" in added["evaluation"]["trusted"]
    (event,) = [e for e in seeded.done("log", "m")["events"] if "gsm8k" in e["subject"]]
    assert event["overrides"] == ["model"]


@needs_lm_eval
def test_real_runs_of_lm_eval_compare(seeded: Project) -> None:
    for version, run in ((1, "run-1"), (2, "run-2")):
        seeded.done("eval", "add", f"m/{version}", LM_EVAL / run, "--trust")
    (suite,) = seeded.done("eval", "compare", "m/1", "m/2", "--suite", "gsm8k_local")["suites"]
    samples = [
        [json.loads(line) for line in next((LM_EVAL / run).glob("samples*")).open()]
        for run in ("run-1", "run-2")
    ]
    for metric in suite["metrics"]:
        name = metric["metric"]
        by_doc = [{row["doc_id"]: row[name] for row in rows} for rows in samples]
        gained = sum(by_doc[1][doc] > by_doc[0][doc] for doc in by_doc[0])
        lost = sum(by_doc[1][doc] < by_doc[0][doc] for doc in by_doc[0])
        assert (metric["gained"], metric["lost"], suite["paired"]) == (gained, lost, 300)


def test_suites_are_run_as_the_settings_say(seeded: Project) -> None:
    (seeded.root / "score.py").write_text(
        "import json, pathlib, sys\n"
        "weights, out = map(pathlib.Path, sys.argv[1:])\n"
        "size = (weights / 'adapter_model.safetensors').stat().st_size\n"
        "out.write_text(''.join(json.dumps({'id': f'q{n}', 'pass': n % 2}) + '\\n'\n"
        "               for n in range(size and 4)))\n"
    )
    settings = seeded.root / "ft-registry.toml"
    kept = settings.read_text() if settings.exists() else ""
    settings.write_text(
        kept + "\n[suites.odd]\ncmd = 'python score.py {weights} {out}'\nmetric = 'pass'\n"
        "higher_is_better = true\n"
    )
    added = seeded.done("eval", "run", "m/2", "--suite", "odd")
    (score,) = added["evaluation"]["scores"]
    assert (score["value"], score["n"], score["higher_is_better"]) == (0.5, 4, True)
    assert seeded.cli("eval", "run", "m/2", "--suite", "even").code == 1
    settings.write_text(kept + "\n[suites.odd]\ncmd = 'exit 3 # {out}'\n")
    outcome = seeded.cli("eval", "run", "m/2", "--suite", "odd")
    assert (outcome.code, "end with 0, found 3" in outcome.stderr) == (1, True)
    settings.write_text(kept + "\n[suites.odd]\ncmd = 'score {weigths} {out}'\n")
    outcome = seeded.cli("eval", "run", "m/2", "--suite", "odd")
    assert (outcome.code, "{weigths}" in outcome.stderr) == (2, True)
    assert len(seeded.done("eval", "show", "m/2", "--suite", "odd")["evaluations"]) == 1


class TestABaseline:
    def test_stands_beside_the_versions(self, measured: Project) -> None:
        prompt = measured.root / "prompt.txt"
        prompt.write_text("Answer with a number.\n{prompt}")
        scores = write_items(measured.root / "base.jsonl", range(10))
        add = (
            "baseline", "add", "m", "--label", "few-shot", "--base", "org/model@abc", "--config",
            prompt, "--eval", scores, "--suite", "sums",
        )  # fmt: skip
        assert measured.done(*add)["created"]
        again = measured.done(*add)
        assert (again["created"], again["evaluations"]) == (False, [])
        (row,) = measured.done("list", "m")["baselines"]
        assert (row["label"], row["kind"]) == ("few-shot", "prompt")
        assert row["scores"] == {"sums.exact_match": pytest.approx(1 / 6)}
        assert "m:few-shot" in measured.cli("list", "m").stdout
        (suite,) = measured.done("eval", "compare", "m:few-shot", "m/2")["suites"]
        assert (suite["metrics"][0]["gained"], suite["metrics"][0]["lost"]) == (35, 5)
        assert "m:few-shot" in measured.cli("lineage", "m/2").stdout
        differing = measured.done("diff", "m:few-shot", "m/2")
        assert differing["changed"] == {"scores": True, "kind": True, "base": True}
        assert "kind: prompt baseline -> " in differing["conclusion"]
        assert measured.done("verify")["ok"]

    def test_of_another_prompt_is_another(self, measured: Project) -> None:
        prompt = measured.root / "prompt.txt"
        prompt.write_text("one")
        scores = write_items(measured.root / "base.jsonl", range(10))
        add = (
            "baseline", "add", "m", "--label", "few-shot", "--base", "org/model@abc", "--config",
            prompt, "--eval", scores,
        )  # fmt: skip
        measured.done(*add)
        prompt.write_text("two")
        before = measured.state()
        outcome = measured.cli("--json", *add)
        assert (outcome.code, outcome.error["kind"]) == (5, "conflict")
        assert measured.state() == before

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (("--label", "Few", "--base", "b"), "few"),
            (("--label", "few", "--base", "b", "--kind", "magic"), "prompt, rag, other"),
            (("--label", "few", "--base", "b", "--config", "gone.txt"), "gone.txt"),
        ],
    )
    def test_that_is_malformed_is_refused(
        self, measured: Project, arguments: tuple[str, ...], word: str
    ) -> None:
        scores = write_items(measured.root / "base.jsonl", range(10))
        before = measured.state()
        outcome = measured.cli("baseline", "add", "m", "--eval", scores, *arguments)
        assert outcome.code in (1, 2)
        assert word in outcome.stderr
        assert measured.state() == before


class TestADiff:
    @pytest.fixture
    def tuned(self, measured: Project) -> Project:
        """m/3: m/2's weights a little moved, ten answers of the training data edited."""
        data = measured.root / "data" / "train.jsonl"
        rows = [json.loads(line) for line in data.read_text().splitlines()]
        for row in rows[: len(rows) // 2]:
            row["completion"] = f"{row['completion']} spoilt"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        measured.done("data", "snapshot", data)
        record = measured.done("show", "m/2")["record"]
        evaluation = (
            next(d["path"] for d in record["data"] if d["role"] == "eval")
            if any(d["role"] == "eval" for d in record["data"])
            else None
        )
        extra = ("--data", f"{evaluation}:eval") if evaluation else ()
        measured.done(
            "register", "m", adapter(measured, "moved"), "--data", "data/train.jsonl", *extra
        )
        return measured

    def test_names_what_changed_and_what_did_not(self, tuned: Project) -> None:
        found = tuned.done("diff", "m/2", "m/3")
        assert found["changed"]["data"] is True
        assert found["changed"]["config"] is False
        (train,) = [one for one in found["data"] if one["role"] == "train"]
        assert train["edited"] > 0
        assert (train["added"], train["removed"]) == (0, 0)
        assert f"{train['edited']} edited" in found["conclusion"]
        assert "config" in found["conclusion"]
        assert "a suite that m/2 and m/3 share" in found["why_not"]["scores"]

    def test_compares_no_weights_that_are_damaged(self, tuned: Project) -> None:
        for file in (tuned.root / "mlartifacts").rglob("adapter_model.safetensors"):
            content = bytearray(file.read_bytes())
            content[-1] ^= 1
            file.write_bytes(content)
        found = tuned.done("diff", "m/2", "m/3")
        assert found["changed"]["weights"] is None
        assert "found other bytes" in found["why_not"]["weights"]
        assert found["weights"]["overall"] is None
        assert "weights not compared" in found["conclusion"]
        assert "nothing on record changed" not in found["conclusion"]

    def test_of_a_version_with_itself_is_empty(self, measured: Project) -> None:
        found = measured.done("diff", "m/2", "m/2")
        assert found["conclusion"].startswith("nothing on record changed")
        assert {part: found["changed"][part] for part in ("data", "config", "weights", "code")} == {
            "data": False, "config": False, "weights": False, "code": False
        }  # fmt: skip

    @pytest.mark.parametrize("format_", ["text", "md", "html"])
    def test_has_formats(self, tuned: Project, format_: str) -> None:
        text = tuned.cli("diff", "m/1", "m/3", "--format", format_).stdout
        assert "m/1" in text
        assert "weights" in text.lower()
        assert json.loads(tuned.cli("diff", "m/1", "m/3", "--format", "json").stdout)["before"]

    def test_of_an_unknown_format_is_refused(self, measured: Project) -> None:
        outcome = measured.cli("diff", "m/1", "m/2", "--format", "pdf")
        assert (outcome.code, "text, md, html, json" in outcome.stderr) == (2, True)


def adapter(project: Project, name: str) -> Path:
    """Returns a further adapter: another folder with other weights of the same shape."""
    source = next(p.parent for p in project.root.glob("*/adapter_model.safetensors"))
    target = project.root / name
    target.mkdir()
    for file in source.iterdir():
        content = bytearray(file.read_bytes())
        if file.suffix == ".safetensors":
            content[-2] ^= 1 + random.Random(name).randrange(100)
        (target / file.name).write_bytes(content)
    return target


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("nan.jsonl", '{"id": "a", "x": NaN}\n', "NaN"),
        ("huge.jsonl", '{"id": "a", "x": 1e999}\n', "1e999"),
        ("text.jsonl", '{"id": "a", "x": "good"}\n', "score"),
        ("twice.jsonl", '{"id": "a", "x": 1}\n{"id": "a", "x": 0}\n', "'a'"),
        ("none.jsonl", "", "an empty file"),
        ("half.jsonl", '{"id": "a", "x": 1}\n{"id": "b", ', "line 2"),
        ("latin.jsonl", b'{"id": "\xe4", "x": 1}\n', "UTF-8"),
    ],
)
def test_what_is_no_evaluation_is_refused(
    seeded: Project, name: str, content: str | bytes, word: str
) -> None:
    file = seeded.root / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = seeded.state()
    outcome = seeded.cli("eval", "add", "m/1", file)
    assert outcome.code == 1
    assert word.lower() in outcome.stderr.lower(), outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert seeded.state() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("m/9", "one.jsonl"),
        ("m/1", "gone.jsonl"),
        ("m@nobody", "one.jsonl"),
        ("ghost/1", "one.jsonl"),
    ],
)
def test_what_is_not_there_is_named(measured: Project, arguments: tuple[str, ...]) -> None:
    outcome = measured.cli("--json", "eval", "add", *arguments)
    assert (outcome.code, outcome.error["kind"]) == (1, "not_found")
