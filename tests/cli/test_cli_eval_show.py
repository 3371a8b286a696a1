"""What was measured, as people see it: within the width of a terminal, and with what to know."""

import json

import pytest
from tests.cli.project import Project

pytestmark = pytest.mark.integration

WIDEST = 80


def test_scores_fit_and_tell_what_was_taken_on_trust(seeded: Project) -> None:
    items = [{"id": f"q{n}", "a-metric-with-a-rather-long-name": n % 2} for n in range(9)]
    for number, model in ((1, "a-model-of-quite-another-name-and-place"), (2, "m/2")):
        content = {"suite": "a-suite-with-a-long-name-" + "x" * 60, "model": model, "items": items}
        file = seeded.write(f"{number}.json", json.dumps(content))
        seeded.done("eval", "add", f"m/{number}", file, *["--trust"][: 2 - number])
    for subject in ("m", "m/1"):
        text = seeded.cli("eval", "show", subject).stdout
        assert max(map(len, text.splitlines())) <= WIDEST
        assert "m/1 *" in text
        assert "on trust: a model called 'a-model-of-quite" in " ".join(text.split())
        assert "m/2 *" not in text
    series = seeded.done("eval", "show", "m")["series"]
    (points,) = (one["points"] for one in series if one["suite"].startswith("a-suite"))
    assert [bool(point["trusted"]) for point in points] == [True, False]
    seeded.done("eval", "show", "m", "--html", seeded.root / "page.html")
    assert "on trust: a model called" in (seeded.root / "page.html").read_text()


def test_a_baseline_is_shown_and_has_no_log(seeded: Project) -> None:
    prompt = seeded.write("prompt.txt", "Answer with a date.")
    scores = seeded.write("scores.json", json.dumps({"items": [{"id": "q1", "acc": 1}]}))
    adding = ("baseline", "add", "m", "--label", "few", "--base", "org/b@1", "--eval", scores,
              "--config", prompt)  # fmt: skip
    added = seeded.done(*adding)["baseline"]
    shown = seeded.done("show", "m:few")
    assert (shown["model"], shown["label"], shown["baseline"]) == ("m", "few", added)
    assert [one["suite"] for one in shown["evaluations"]] == ["scores"]
    text = seeded.cli("show", "m:few").stdout
    assert "asks           org/b@1 (prompt)" in text
    outcome = seeded.cli("--json", "log", "m:few")
    assert (outcome.code, outcome.error["hints"][0]) == (2, "ft-registry log m has its events")
