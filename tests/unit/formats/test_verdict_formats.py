"""Reports as Markdown, HTML and JSON: everything is told, and no text becomes markup."""

import json
import re
from html.parser import HTMLParser

import pytest
from tests.unit.formats.reports import HOSTILE, failing, hostile, inconclusive, passing
from tests.unit.formats.test_format_description import markup

from ft_registry.formats.verdict_html import verdict_html
from ft_registry.formats.verdict_json import verdict_json
from ft_registry.formats.verdict_markdown import verdict_markdown
from ft_registry.model.verdict import Verdict

TOLD = (
    "better", "safe", "lineage", "licence", "newcombe", "500 items", "0.97", "alpha 0.05",
    "12 gained, 22 lost", "language=de", "q17", "Wann fiel die Mauer?", "1961",
    "1,045 items would show it", "support-dates/2", "heldout@0123abcd decided 14 promotions",
    "1" * 64, "2" * 64, "harness version", "OVERRIDE", "any of these", "41 clusters",
    "lineage was set aside by Ada",
)  # fmt: skip


class Page(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read_markdown(text: str) -> str:
    """Takes the escapes out."""
    text = text.replace("<!-- -->", "").replace("&gt;", ">").replace("&lt;", "<")
    return re.sub(r"\\([^\w\s])", r"\1", text)


@pytest.mark.parametrize("told", TOLD)
def test_markdown_and_html_tell_everything(told: str) -> None:
    assert told in read_markdown(verdict_markdown(failing()))
    assert told in "".join(Page(verdict_html(failing())).words)


@pytest.mark.parametrize("report", [passing(), failing(), inconclusive()], ids=str)
def test_a_page_is_whole_and_loads_nothing(report) -> None:
    page = Page(verdict_html(report))
    assert not page.open
    assert {tag for tag, _ in page.tags} <= TAGS
    for _, attributes in page.tags:
        assert not {"src", "href", "style", "action"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in verdict_html(report)
    assert "@import" not in verdict_html(report)


TAGS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "b", "span", "section",
    "div", "dl", "dt", "dd", "table", "tr", "th", "td", "ul", "li", "br", "svg", "rect", "line",
    "circle", "text",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_a_tag(text: str) -> None:
    page = Page(verdict_html(hostile(text)))
    assert not page.open
    assert {tag for tag, _ in page.tags} <= TAGS
    names = {name for _, attributes in page.tags for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("src", "href")]


def test_the_page_follows_the_reader_into_the_dark() -> None:
    assert "prefers-color-scheme: dark" in verdict_html(passing())


MARKUP = {
    "heading", "table", "thead", "tbody", "tr", "th", "td", "inline", "text", "html_block",
    "html_inline", "em", "strong", "blockquote", "paragraph", "bullet_list", "list_item",
    "softbreak",
}  # fmt: skip
OUR_TAGS = re.compile(r"</?details(?: open)?>|</?summary>|<br>|<!-- -->")


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_markdown(text: str) -> None:
    shown = verdict_markdown(hostile(text))
    assert markup(shown) <= MARKUP
    # Beside our own tags there are none.
    assert not re.findall(r"<[a-zA-Z/!][^>]*>", OUR_TAGS.sub("", shown))


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_every_row_has_the_cells_of_its_table(text: str) -> None:
    width = 0
    for line in verdict_markdown(hostile(text)).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
        assert not width or not cells or cells == width
        width = cells


def test_nobody_is_called_by_name() -> None:
    assert not re.search(r"@\w", verdict_markdown(failing()))


def test_json_holds_the_verdict_as_the_ledger_does() -> None:
    document = json.loads(json.dumps(verdict_json(failing())))
    assert document["decision"] == "fail"
    assert document["passes"] is False
    assert document["standing"] == ["better", "safe"]
    assert document["worst"]["better"][0]["texts"]["after"] == "1961"
    found = Verdict.parse(json.dumps(document["verdict"]).encode(), what="the verdict")
    assert found == failing().verdict
    assert found.digest == failing().verdict.digest
