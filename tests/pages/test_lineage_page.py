"""The graph of a lineage, as a page and for other programs."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.pages.browser import BROWSER, asked
from tests.unit.values import CHAIN, HUB, make_dataset, make_evaluation, make_record, sha

from ft_registry.formats.lineage_layout import HEIGHT, WIDTH, lay_out, way_of
from ft_registry.formats.lineage_page import lineage_page
from ft_registry.formats.lineage_text import dot, mermaid
from ft_registry.model.lineage import Lineage, Node, add_version, version_node

HOSTILE = (
    "<img src=x onerror=alert(1)>", "</script><script>parent.postMessage('owned','*')</script>",
    '" onfocus="alert(1)', "'\"]) --> x", "]] -->|a| b", "\\N \\\" ; }", "&lt;b&gt;", "#35;",
    "<!-- <script>", "\u202eright\u202c", "%%{init: {}}%%", "click n0 call alert()",
)  # fmt: skip
in_browser = [
    pytest.mark.integration,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium, and finds none on the PATH"),
]


def chain() -> Lineage:
    """support/2, tuned from support/1."""
    graph = Lineage(root="version:support/2")
    add_version(graph, make_record(base=CHAIN), sha("2"), [make_evaluation()])
    first = make_record(version=1, base=HUB, data=(make_dataset(path="first.jsonl"),))
    add_version(graph, first, sha("c"), [])
    graph.connect("version:support/2", "version:support/1", "tuned from")
    return graph


def filled_with(text: str) -> Lineage:
    graph = Lineage(root=f"version:{text}")
    graph.add(Node(graph.root, "version", text, {text: text}))
    graph.connect(graph.root, graph.add(Node(f"data:{text}", text, text)), text)
    return graph


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.found)


def test_what_came_first_lies_on_the_left_and_nothing_on_top_of_another() -> None:
    graph = chain()
    layout = lay_out(graph)
    for edge in graph.edges:
        left, right = way_of(edge)
        assert layout.places[left][0] < layout.places[right][0], edge
    places = sorted(layout.places.values())
    for n, (x, y) in enumerate(places):
        for to_x, to_y in places[n + 1 :]:
            assert abs(x - to_x) >= WIDTH or abs(y - to_y) >= HEIGHT
    assert max(x for x, _ in places) + WIDTH == layout.width


def test_a_circle_is_laid_out_as_well() -> None:
    graph = Lineage(root="a")
    for name in "abc":
        graph.add(Node(name, "version", name))
    for source, target in ("ab", "bc", "ca", "aa"):
        graph.connect(source, target, "tuned from")
    assert len(lay_out(graph).places) == 3


def test_a_thing_that_stands_alone_is_laid_out() -> None:
    graph = Lineage(root="a")
    graph.add(Node("a", "version", "a"))
    assert lay_out(graph).places == {"a": (0, 0)}


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_a_tag_or_leaves_the_data(text: str) -> None:
    page = lineage_page(filled_with(text))
    harmless = Tags(lineage_page(filled_with("plain")))
    assert [name for name, _ in Tags(page).found] == [name for name, _ in harmless.found]
    assert not [a for _, attributes in Tags(page).found for a in attributes if a.startswith("on")]


def test_a_page_loads_nothing() -> None:
    for _, attributes in Tags(lineage_page(chain())).found:
        assert not {"src", "href"} & attributes.keys()


def test_mermaid_has_a_line_for_each_thing_and_relation() -> None:
    lines = mermaid(chain()).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n0(["support/2 sft adapter"])' in lines
    assert '  n1[("data/train.jsonl #40;111111111111, 3 rows#41;")]' in lines
    assert '  n5 -->|"tuned from"| n0' in lines


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_a_word_of_mermaid_or_dot(text: str) -> None:
    lines = mermaid(filled_with(text)).splitlines()
    assert len(lines) == 5
    for line in lines[1:4]:
        assert line.count('"') == 2
        assert not set("<>[](){}\\'&|`") & set(line.split('"')[1])
    assert dot(filled_with(text)).count("\n") == dot(filled_with("plain")).count("\n")


def test_dot_draws_from_left_to_right() -> None:
    shown = dot(chain())
    assert '"version:support/1" -> "version:support/2" [label="tuned from"];' in shown
    assert shown.startswith("digraph lineage {\n  rankdir=LR;")


class TestInABrowser:
    pytestmark = in_browser

    def test_enter_on_a_thing_shows_what_is_on_record_of_it(self, tmp_path: Path) -> None:
        said = asked(
            lineage_page(chain()),
            """
            const node = document.querySelector('[aria-label="version: support/1 sft adapter"]');
            node.focus();
            node.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
            return [document.activeElement === node, document.getElementById("side").innerText];
            """,
            tmp_path,
        )
        focused, side = json.loads(said)
        assert focused
        assert "support/1 sft adapter" in side
        assert sha("c") in side
        assert "tuned into: support/2" in side

    def test_folding_hides_what_is_behind_a_thing(self, tmp_path: Path) -> None:
        said = asked(
            lineage_page(chain()),
            """
            const count = () => document.querySelectorAll(".node:not(.gone)").length;
            const node = document.querySelector('[aria-label="version: support/1 sft adapter"]');
            const press = () => [...document.querySelectorAll("#side button")].at(-1).click();
            node.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
            const before = count();
            press();
            const within = count();
            press();
            return [before, within, count()];
            """,
            tmp_path,
        )
        assert json.loads(said) == [7, 6, 7]

    @pytest.mark.parametrize("width", [400, 1280])
    def test_nothing_is_wider_than_the_frame(self, width: int, tmp_path: Path) -> None:
        probe = "const page = document.documentElement; return page.scrollWidth - page.clientWidth;"
        page = lineage_page(chain()).replace("<details>", "<details open>")
        assert asked(page, probe, tmp_path, width=width) == "0"

    def test_markup_in_names_never_runs(self, tmp_path: Path) -> None:
        for text in HOSTILE[:3]:
            page = lineage_page(filled_with(text))
            probe = """
            for (const node of document.querySelectorAll(".node"))
              node.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
            return document.querySelectorAll("img, #side script, [onfocus]").length;
            """
            assert asked(page, probe, tmp_path) == "0"

    def test_its_own_policy_stops_every_other_script(self, tmp_path: Path) -> None:
        page = lineage_page(chain())
        assert asked(page, "return 1", tmp_path, trusted=False) == "nothing"
        assert asked(page, "return 1", tmp_path) == "1"


def test_a_version_node_says_how_it_was_made() -> None:
    assert version_node(make_record(), sha("2")).label == "support/2 sft adapter"
