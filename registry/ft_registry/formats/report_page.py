"""The report of a version, as one page: scores, gates, curves, data, and what it was made from."""

import re
from collections.abc import Iterator, Sequence

from ft_registry.formats.chart import STYLE as CHART_STYLE
from ft_registry.formats.chart import curves
from ft_registry.formats.data_section import data_section
from ft_registry.formats.page import chip, code, facts, page, section, table, text, tiles
from ft_registry.formats.score_page import STYLE as SCORE_STYLE
from ft_registry.formats.score_page import score_sections
from ft_registry.formats.training_words import all_settings, main_settings, trained_words
from ft_registry.formats.verdict_words import headline, outcome_words, signed, word
from ft_registry.model.document import Unknown
from ft_registry.model.record import Artifact, VersionRecord
from ft_registry.model.score_history import ScoreHistory
from ft_registry.model.story import Compared, VersionStory
from ft_registry.model.verdict import Verdict
from ft_registry.model.version_row import base_label

_TILES = 4
_COMMIT = re.compile(r"(@[0-9a-f]{12})[0-9a-f]{28}$")
"""At the end of a base: the first digits tell enough in a sentence."""
_STYLE = """
h4 { margin: 0.8rem 0 0.2rem; font-size: 0.85rem; color: var(--soft); font-weight: 500; }
details { margin: 0.6rem 0; } summary { cursor: pointer; color: var(--accent); }
.note { border-left: 3px solid var(--line); padding-left: 0.8rem; color: var(--soft); }
"""
REPORT_STYLE = _STYLE + CHART_STYLE + SCORE_STYLE


def report_page(
    story: VersionStory,
    *,
    history: ScoreHistory | None = None,
    at: str = "",
    trail: str = "",
    links: str = "",
) -> str:
    """Returns the page.

    Args:
        story: The version.
        history: The scores of the model over its versions; None: another page has them.
        at: The ledger's head that it was made from.
        trail: Markup of where the page stands among others.
        links: Markup of what lies beside it.
    """
    record = story.record
    parts = [
        trail,
        _head(story),
        links,
        section("Scores", _scores(story)),
        section("Gates", *(_gate(verdict) for verdict in story.verdicts)),
        _training(record),
        section("Scores over versions", score_sections(history) if history else ""),
        data_section(record.data),
        section("Made from", _made_from(story)),
        f'<p class="soft">Made from the ledger at {code(at[:12])}.</p>' if at else "",
    ]
    return page(record.reference, "\n".join(filter(None, parts)), style=REPORT_STYLE)


def made_words(record: VersionRecord) -> str:
    """Returns what a version is, in one line of text."""
    method = "an unknown method" if isinstance(record.method, Unknown) else record.method.upper()
    base = _COMMIT.sub(r"\1", base_label(record.base.model_dump(mode="json")))
    return f"{record.kind} by {method} on {base}"


def _head(story: VersionStory) -> str:
    record = story.record
    chips = [chip(f"@{alias}", "alias") for alias in story.aliases]
    chips += [
        chip(f"{word(verdict).lower()} for @{verdict.alias}", verdict.outcome)
        for verdict in story.verdicts
    ]
    if story.standing:
        chips.append(chip(story.standing, "fail" if story.standing != "good" else "pass"))
    note = f'<p class="note">{text(record.note)}</p>' if record.note else ""
    when = f"{record.registered_at[:16].replace('T', ' ')}Z by {record.registered_by.name}"
    return (
        f"<h1>{text(record.reference)}</h1>\n"
        f'<p class="lead">{text(made_words(record))}, registered {text(when)}</p>\n'
        f"<p>{''.join(chips)}</p>{note}\n{tiles(_numbers(story))}"
    )


def _numbers(story: VersionStory) -> Iterator[tuple[str, str]]:
    for key, value in list(story.scores.items())[:_TILES]:
        first = next(story.compared(key), None)
        against = f"{key}, {signed(first.delta)} to {first.rival.words}" if first else key
        yield against, f"{value:.4f}"
    trained = [d.rows for d in story.record.data if d.role not in ("eval", "calibration")]
    if rows := sum(count for count in trained if isinstance(count, int)):
        yield "examples trained on", f"{rows:,}"
    training = story.record.training
    if not isinstance(training, Unknown) and not isinstance(training.steps, Unknown):
        yield "steps", f"{training.steps:,}"
    yield "of weights", _size(story.record.artifact.size)


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def _scores(story: VersionStory) -> str:
    if not story.scores:
        return '<p class="soft">Nothing was measured yet.</p>'
    shared = [rival for rival in story.rivals if not story.scores.keys().isdisjoint(rival.scores)]
    header = ["Score", story.record.reference]
    header += [f"{rival.reference} {rival.words}" for rival in shared]
    rows = []
    for key, value in story.scores.items():
        beside = {one.rival.reference: one for one in story.compared(key)}
        cells = (_beside(beside.get(rival.reference)) for rival in shared)
        rows.append((text(key), f"<b>{value:.4f}</b>", *cells))
    return table(header, rows)


def _beside(one: Compared | None) -> str:
    if one is None:
        return "-"
    kind = {True: "better", False: "worse", None: "soft"}[one.better]
    return f'{one.value:.4f} <span class="{kind}">({signed(one.delta)})</span>'


def _gate(verdict: Verdict) -> str:
    rows = [
        (chip(outcome_words(check).lower(), check.outcome), text(check.name), text(check.asked),
         text(check.found))
        for check in verdict.result.checks()
    ]  # fmt: skip
    checks = table(("", "Check", "Asked", "Found"), rows) if rows else ""
    decided = f"decided {verdict.decided_at[:16].replace('T', ' ')}Z by {verdict.decided_by.name}"
    return (
        f"<h3>{chip(word(verdict).lower(), verdict.outcome)} {text(headline(verdict))}</h3>"
        f'<p class="soft">{text(decided)}</p>{checks}'
    )


def _training(record: VersionRecord) -> str:
    training = record.training
    told = facts((name, code(value)) for name, value in main_settings(record))
    every = all_settings(record)
    folded = ""
    if every:
        rows = ((text(name), code(value)) for name, value in every)
        folded = (
            f"<details><summary>All {len(every):,} settings</summary>"
            f"{table(('Setting', 'Value'), rows)}</details>"
        )
    if isinstance(training, Unknown):
        return section("Training", told, folded)
    words = f'<p class="soft">{text(trained_words(training))}</p>'
    left = "".join(f'<p class="note">{text(why)}</p>' for why in training.left_out)
    return section("Training", words, curves(training.curves), told, folded, left)


def _weights(artifact: Artifact) -> Sequence[tuple[str, str]]:
    hosted = artifact.hosted
    if hosted is None:
        return [("weights", code(artifact.digest))]
    return [
        ("hosted by", text(hosted.service)),
        ("asked for as", code(hosted.model)),
        ("made by job", code(hosted.job)),
        ("the job's files", code(artifact.digest)),
    ]


def _made_from(story: VersionStory) -> str:
    record = story.record
    base = record.base.model_dump(mode="json")
    digest = base.get("digest", base.get("record"))
    dirty = ", with uncommitted changes, kept as a patch" if record.code.dirty else ""
    repo = record.code.repo
    told: Sequence[tuple[str, str]] = [
        ("base", text(base_label(base))),
        *([("base digest", code(digest))] if isinstance(digest, str) else []),
        *([("repository", text(repo))] if isinstance(repo, str) else []),
        ("code", f"{code(record.code.commit)}{dirty}"),
        ("config", code(record.config.digest)),
        *_weights(record.artifact),
        ("record", code(story.digest)),
        ("MLflow run", code(record.run.run_id)),
        ("Python", text(f"{record.environment.python} on {record.environment.platform}")),
    ]
    return facts(told)
