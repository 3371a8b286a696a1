"""The report of a version, and the pages of a site: everything is told, no text becomes markup."""

from pathlib import Path

import pytest
from tests.pages.browser import BROWSER, asked
from tests.pages.stories import history_of, model_of, story_of
from tests.pages.test_lineage_page import HOSTILE, Tags
from tests.unit.values import make_evaluation, make_record, sha

from ft_registry.formats.chart import bars, curves
from ft_registry.formats.report_page import report_page
from ft_registry.formats.score_page import score_page
from ft_registry.formats.site_pages import index_page, model_page, version_links, version_trail
from ft_registry.model.story import Rival, VersionStory
from ft_registry.model.training import Curve

PAGES = {
    "report": lambda text: report_page(story_of(text), history=history_of(text), at="ab" * 20),
    "version of a site": lambda text: report_page(
        story_of(text), trail=version_trail(story_of(text)), links=version_links()
    ),
    "model of a site": lambda text: model_page(model_of(text), history_of(text), at="ab" * 20),
    "first of a site": lambda text: index_page([model_of(text)], at="ab" * 20),
    "scores": lambda text: score_page(history_of(text)),
}
in_browser = [
    pytest.mark.integration,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium, and finds none on the PATH"),
]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_text_becomes_a_tag(name: str, text: str) -> None:
    found, harmless = Tags(PAGES[name](text)).found, Tags(PAGES[name]("plain")).found
    assert [tag for tag, _ in found] == [tag for tag, _ in harmless]
    assert [sorted(a) for _, a in found] == [sorted(a) for _, a in harmless]
    links = [attributes["href"] for _, attributes in found if "href" in attributes]
    assert not [link for link in links if not link or ":" in link or link.startswith("/")]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_nothing_and_runs_nothing(name: str) -> None:
    page = PAGES[name]("plain")
    assert "default-src 'none'" in page
    assert "script-src 'none'" in page
    assert "<script" not in page
    assert not [a for _, attributes in Tags(page).found for a in attributes if a == "src"]


@pytest.mark.parametrize(
    "told",
    [
        "support/2", "@champion", "0.5000", "(+0.2500)", "(-0.2500)", "50 steps", "2e-04",
        "lineage was", "set aside", "Labels", "repeated", "1" * 32, "2" * 64, "abababababab",
        "all 4 settings", "adapter by PLAIN on plain@cccccccccccc",
    ],
)  # fmt: skip
def test_the_report_tells(told: str) -> None:
    page = PAGES["report"]("plain")
    if told in ("2e-04", "lineage was", "set aside", "@champion"):
        told = {"2e-04": "0.0002", "lineage was": "the tree had uncommitted changes",
                "set aside": "overridden", "@champion": "for @champion"}[told]  # fmt: skip
    assert told.lower() in page.lower()


def test_a_version_of_which_little_is_known_has_a_report() -> None:
    page = report_page(VersionStory(make_record(data=()), sha("2")))
    assert "Nothing was measured yet" in page
    assert "<h2>Data</h2>" not in page
    assert "<h2>Gates</h2>" not in page


def test_a_rival_is_no_better_or_worse_where_nobody_says_which_way_is_better() -> None:
    rivals = (Rival("support/1", "@champion", {"dates.exact_match": 0.25}),)
    story = VersionStory(make_record(), sha("2"), (make_evaluation(),), rivals=rivals)
    assert 'class="soft">(+0.2500)' in report_page(story)


def test_training_and_evaluation_share_a_picture() -> None:
    points = ((0.0, 2.0), (10.0, 1.0))
    found = curves([Curve(name=name, count=2, points=points) for name in ("loss", "eval_loss")])
    assert found.count("<svg") == 1
    assert found.count("<polyline") == 2
    assert curves([Curve(name="loss", count=0, points=())]) == ""


@pytest.mark.parametrize("values", [(1.0, 1.0), (0.0, 0.0), (-1e308, 1e308), (5e-324, 0.0)])
def test_any_numbers_have_a_picture(values: tuple[float, float]) -> None:
    found = curves([Curve(name="x", count=2, points=tuple(enumerate(values)))])
    assert "nan" not in found
    assert "inf" not in found


def test_long_counts_end_with_how_many_more_there_are() -> None:
    assert "and 2 more" in bars({str(number): number for number in range(10)})


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", [400, 1280])
    @pytest.mark.parametrize("name", PAGES)
    def test_nothing_is_wider_than_the_frame(self, name: str, width: int, tmp_path: Path) -> None:
        probe = """
        for (const folded of document.querySelectorAll("details")) folded.open = true;
        const page = document.documentElement;
        return page.scrollWidth - page.clientWidth;
        """
        page = PAGES[name]("a-rather-long-word-of-" + "letters" * 12)
        assert asked(page, probe, tmp_path, width=width) == "0"

    def test_markup_in_names_never_runs(self, tmp_path: Path) -> None:
        probe = "return document.querySelectorAll('img, script[src], [onfocus]').length;"
        for text in HOSTILE[:3]:
            assert asked(PAGES["report"](text), probe, tmp_path) == "0"
