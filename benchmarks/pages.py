"""Are pages made, and drawn, quickly enough for large registries?"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from history import write_ledger
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

from ft_registry.formats.lineage_page import lineage_page
from ft_registry.model.lineage import Lineage, Node

_BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
_DATASETS = 8
_EMPTY = "<!doctype html><title>nothing</title>"


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields what a site of many versions costs, and a graph of many things in a browser.

    Raises:
        RuntimeError: The site lacks pages.
    """
    number = 20 if plan.small else 200
    registry = lab.repository("registry")
    write_ledger(registry, number)
    site = lab.folder / "site"
    yield Question(
        f"A site of {number} versions",
        [
            Contender("report", lambda: registry.run("ft-registry", "report", "--into", site)),
            Contender("list", lambda: registry.run("ft-registry", "list")),
        ],
        unit="list",
        targets=[Target("report", 5.0)],
        notes=["an older site is replaced each time"],
    ).answer(plan.rounds)
    made = len(list(site.glob("models/*/*/index.html")))
    if made != number:
        raise RuntimeError(f"expected a page for each of {number} versions, found {made}")
    if _BROWSER is not None:
        yield _drawn(lab, plan, 100 if plan.small else 1000)


def _drawn(lab: Lab, plan: Plan, things: int) -> Result:
    graph, nothing = lab.folder / "graph.html", lab.folder / "nothing.html"
    graph.write_text(lineage_page(_chain(things)), encoding="utf-8")
    nothing.write_text(_EMPTY, encoding="utf-8")
    return Question(
        f"A lineage of {things:,} things in headless Chromium",
        [
            Contender("the graph", lambda: _draw(lab, graph)),
            Contender("an empty page", lambda: _draw(lab, nothing)),
            Contender("made, without a browser", lambda: lineage_page(_chain(things))),
        ],
        unit="an empty page",
        targets=[Target("made, without a browser", 1.0)],
        notes=[
            "start of the browser and a picture of 1280 x 900 included: what the graph takes is "
            "the difference to the empty page, promised to be within 1 s",
        ],
    ).answer(plan.rounds)


def _draw(lab: Lab, page: Path) -> None:
    picture = page.with_suffix(".png")
    lab.run(
        str(_BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={lab.folder / 'profile'}", "--window-size=1280,900",
        f"--screenshot={picture}", page.as_uri(),
    )  # fmt: skip
    if not picture.stat().st_size:
        raise RuntimeError(f"expected a picture of {page}, found an empty file")
    picture.unlink()  # the next one must be a new one


def _chain(things: int) -> Lineage:
    """Returns versions that were tuned from one another, each on data of its own."""
    versions = things // (_DATASETS + 2)
    graph = Lineage(root=f"version:m/{versions}")
    for number in range(versions, 0, -1):
        version = graph.add(Node(f"version:m/{number}", "version", f"m/{number} sft adapter"))
        if number > 1:
            graph.connect(version, f"version:m/{number - 1}", "tuned from")
        for part in range(_DATASETS):
            path = f"data/train-{number}-{part}.jsonl"
            details = {"path": path, "sha256": f"sha256:{number * 8 + part:064x}"}
            data = Node(f"data:{number}-{part}", "data", path, details)
            graph.connect(version, graph.add(data), "trained on")
        scores = Node(f"evaluation:{number}", "evaluation", "dates: exact_match 0.5000 (n=200)")
        graph.connect(version, graph.add(scores), "scored by")
    return graph
