"""The pages of a site of the whole registry: its models, and each model. Links are relative."""

from collections.abc import Iterator, Sequence

from ft_registry.formats.page import chip, code, page, section, table, text, tiles
from ft_registry.formats.report_page import REPORT_STYLE, made_words
from ft_registry.formats.score_page import score_sections
from ft_registry.formats.verdict_words import word
from ft_registry.model.score_history import ScoreHistory
from ft_registry.model.story import ModelStory, VersionStory

_COLUMNS = 3
"""Scores that a table of versions has room for."""
_MOVES = 200


def index_page(models: Sequence[ModelStory], *, at: str) -> str:
    """Returns the first page: every model.

    Args:
        models: In order.
        at: The ledger's head that the site was made from.
    """
    versions = sum(model.count for model in models)
    rows = (
        (
            f'<a href="models/{text(model.name)}/index.html">{text(model.name)}</a>',
            f"{model.count:,}",
            "".join(chip(f"@{alias} {number}", "alias") for alias, number in model.aliases.items())
            or "-",
            text(model.versions[-1].record.registered_at[:10]) if model.versions else "-",
            _scores(model),
        )
        for model in models
    )
    header = ("Model", "Versions", "Aliases", "Newest", "Scores of the champion, or the newest")
    body = (
        "<h1>Model registry</h1>\n"
        '<p class="lead">Every version with its data, code, base and scores.</p>\n'
        f"{tiles((('models', f'{len(models):,}'), ('versions', f'{versions:,}')))}\n"
        f"{table(header, rows) if models else '<p>No model is registered yet.</p>'}\n{_foot(at)}"
    )
    return page("Model registry", body)


def model_page(model: ModelStory, history: ScoreHistory, *, at: str) -> str:
    """Returns the page of a model: its versions, scores over them, and how its aliases moved."""
    chips = "".join(
        f'<a href="{number}/index.html">{chip(f"@{alias} is {number}", "alias")}</a>'
        for alias, number in model.aliases.items()
    )
    count = f"{model.count:,} version{'s' if model.count != 1 else ''}"
    moves = table(("When", "Alias", "Step", "Version", "Who", "Why"), _moves(model))
    more = len(model.moves) - _MOVES
    told = [
        moves if model.moves else "",
        f'<p class="soft">and {more:,} earlier ones</p>' if more > 0 else "",
        f'<p class="soft">{text(model.without_moves)}</p>' if model.without_moves else "",
    ]
    body = (
        f'<p class="trail"><a href="../../index.html">Model registry</a></p>'
        f'<h1>{text(model.name)}</h1>\n<p class="lead">{count}</p>\n<p>{chips}</p>'
        f"{section('Versions', _versions(model) if model.versions else '')}"
        f"{section('Scores over versions', score_sections(history))}"
        f"{section('Moves', *told)}\n{_foot(at)}"
    )
    return page(model.name, body, style=REPORT_STYLE)


def version_trail(story: VersionStory, *, here: str = "") -> str:
    """Returns where a version's page stands.

    Args:
        story: The version.
        here: A page beside its report; empty: the report itself.
    """
    model, number = text(story.record.model), story.record.version
    version = f' / <a href="index.html">{number}</a> / {text(here)}' if here else ""
    return (
        '<p class="trail"><a href="../../../index.html">Model registry</a> / '
        f'<a href="../index.html">{model}</a>{version}</p>\n'
    )


def version_links() -> str:
    """Returns links to what lies beside a version's report."""
    return '<p><a href="lineage.html">Lineage</a> &middot; <a href="record.json">Record</a></p>'


def _foot(at: str) -> str:
    return f'<p class="soft">Made from the ledger at {code(at[:12])}.</p>'


def _scores(model: ModelStory) -> str:
    champion = model.aliases.get("champion")
    told = [one for one in model.versions if one.record.version == champion] or model.versions[-1:]
    scores = [
        f"{text(key)} {value:.4f}"
        for one in told
        for key, value in list(one.scores.items())[:_COLUMNS]
    ]
    return "<br>".join(scores) or "-"


def _versions(model: ModelStory) -> str:
    counts: dict[str, int] = {}
    for one in model.versions:
        for key in one.scores:
            counts[key] = counts.get(key, 0) + 1
    keys = sorted(counts, key=lambda key: (-counts[key], key))[:_COLUMNS]
    rows = (
        (
            f'<a id="{text(one.record.run.logged_model_id)}" '
            f'href="{one.record.version}/index.html">{one.record.version}</a> '
            f"{' '.join(_marks(one))}",
            *(f"{one.scores[key]:.4f}" if key in one.scores else "-" for key in keys),
            text(made_words(one.record)),
            one.record.registered_at[:10],
        )
        for one in reversed(model.versions)
    )
    return table(("Version", *keys, "What it is", "Registered"), rows)


def _marks(story: VersionStory) -> Iterator[str]:
    for alias in story.aliases:
        yield chip(f"@{alias}", "alias")
    for verdict in story.verdicts:
        yield chip(f"{word(verdict).lower()} for @{verdict.alias}", verdict.outcome)
    if story.standing in ("bad", "deleted"):
        yield chip(story.standing, "fail")


def _moves(model: ModelStory) -> Iterator[tuple[str, ...]]:
    for move in model.moves[:_MOVES]:
        overriding = f"overriding {', '.join(move.overrides)}" if move.overrides else ""
        yield (
            text(f"{move.time[:16].replace('T', ' ')}Z"),
            text(f"@{move.alias}"),
            text(move.type),
            "none" if move.to is None else f'<a href="{move.to}/index.html">{move.to}</a>',
            text(move.who),
            text(": ".join(filter(None, (overriding, move.reason))) or "-"),
        )
