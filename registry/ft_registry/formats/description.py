"""What MLflow's pages say of a version and of a model, in Markdown.

MLflow shows the first words as plain text in lists, and renders it with HTML allowed on the page
itself; its databases, but for SQLite, refuse more than 5,000 characters. So the first line is a
sentence without markup, text from outside is escaped, and long lists end with a word. Lists, not
tables: MLflow sets the columns of a table without space between them.
"""

import re
from collections.abc import Iterator, Sequence

from ft_registry.formats.training_words import main_settings, trained_words
from ft_registry.formats.verdict_words import headline, plain, signed, word
from ft_registry.model.document import Unknown
from ft_registry.model.record import EXEMPTED, Exemption, VersionRecord
from ft_registry.model.shown import AGAINST
from ft_registry.model.snapshot import Dataset, DvcHash
from ft_registry.model.story import ModelStory, VersionStory
from ft_registry.model.version_row import base_label

_LIMIT = 5000
_LASTING = 4200
"""Of these, for what only the version itself decides."""
_ENTRIES = 12
_SHOWN_SCORES = 3
_SHOWN_PLACES = 5
_LONGEST = 200
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")
_NUMBERED = re.compile(r"^([0-9]+)\.")
_MENTION = re.compile(r"(?<!\S)@")
"""MLflow would make it a link to the user of that name on GitHub."""


def describe(story: VersionStory) -> str:
    """Returns the Markdown of a version, at most 5,000 characters.

    What it is held against comes last: other versions decide it, see `model.shown.lasting`.
    """
    record = story.record
    scores = [f"{escape(key)} {value:.4f}" for key, value in story.scores.items()]
    first = _made(record) + (f"; {scores[0]}" if scores else "")
    digests = (
        ("record", story.digest),
        ("artifact", record.artifact.digest),
        ("config", record.config.digest),
    )
    named = [f"{name} {_code(value.removeprefix('sha256:')[:12])}" for name, value in digests]
    dirty = " with uncommitted changes, kept as a patch" if record.code.dirty else ""
    parts = [
        first,
        _hosted(record),
        *(_exemption(one) for one in record.exemptions),
        escape(record.note[:500]),
        _list("Scores", scores),
        _list("Gates", [_gate(one) for one in _gates(story)]),
        _list("Data", [_data(data) for data in record.data]),
        _list("Training", _training(record)),
        _list("Made from", [f"code {_code(record.code.commit[:12])}{dirty}", *named]),
        f"Registered {record.registered_at[:19]}Z by {escape(record.registered_by.name)}. The "
        "artifacts of the source model tell all of it: ftr/report.html, ftr/lineage.html, "
        "ftr/record.json.",
    ]
    lasting = _fitting("\n\n".join(part for part in parts if part), _LASTING)
    against = "\n".join(f"- {line}" for line in _against(story))
    if not against:
        return lasting
    return lasting + AGAINST + _fitting(against, _LIMIT - len(lasting) - len(AGAINST))


def describe_model(story: ModelStory) -> str:
    """Returns the Markdown of a registered model, at most 5,000 characters."""
    count = f"{story.count:,} version{'s' if story.count != 1 else ''}"
    champion = story.aliases.get("champion")
    first = f"{escape(story.name)}: {count}" + (
        f", champion is version {champion}" if champion is not None else ", no champion yet"
    )
    by_number = {one.record.version: one for one in story.versions}
    named = [
        f"{escape(f'@{alias}')}: {_version(by_number[number])}"
        for alias, number in story.aliases.items()
        if number in by_number
    ]
    newest = [_version(one) for one in reversed(story.versions)]
    parts = [
        first,
        _list("Aliases", named),
        _list("Newest versions", newest),
        "Versions of this model are registered by ft-registry, and its aliases move through its "
        "ledger, which keeps who, when and why: `ft-registry log NAME`. A move made here by hand "
        "is not on record.",
    ]
    return _fitting("\n\n".join(part for part in parts if part), _LIMIT)


def escape(text: str) -> str:
    """Returns text that Markdown and HTML show as it is."""
    text = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # `1.` begins a list, but only at the beginning.
    shown = _NUMBERED.sub(r"\1\\.", _SPECIAL.sub(r"\\\1", text))
    return _MENTION.sub(r"\\@", shown)


def _made(record: VersionRecord) -> str:
    method = "an unknown method" if isinstance(record.method, Unknown) else record.method.upper()
    base = base_label(record.base.model_dump(mode="json"))
    return f"{record.kind} by {escape(method)} on {escape(base[:_LONGEST])}"


def _hosted(record: VersionRecord) -> str:
    hosted = record.artifact.hosted
    if hosted is None:
        return ""
    return (
        f"{escape(hosted.service)} keeps the weights and serves them as {_code(hosted.model)}; "
        f"kept here is what it said of the job {_code(hosted.job)}."
    )


def _exemption(one: Exemption) -> str:
    places = ", ".join(_code(place[:80]) for place in one.places[:_SHOWN_PLACES])
    more = f" and {len(one.places) - _SHOWN_PLACES} more" if len(one.places) > _SHOWN_PLACES else ""
    return f"**{EXEMPTED[one.door]}**: {places}{more}; because: {escape(one.reason[:300])}"


def _version(story: VersionStory) -> str:
    record = story.record
    scores = [
        f"{escape(key)} {value:.4f}" for key, value in list(story.scores.items())[:_SHOWN_SCORES]
    ]
    standing = f" ({story.standing})" if story.standing in ("bad", "deleted") else ""
    words = ", ".join([_made(record), *scores, f"registered {record.registered_at[:10]}"])
    return f"version {record.version}{standing}: {words}"


def _gates(story: VersionStory) -> Iterator[tuple[str, str, str]]:
    for verdict in story.verdicts:
        yield word(verdict), headline(verdict), verdict.decided_at[:10]


def _gate(said: tuple[str, str, str]) -> str:
    outcome, sentence, day = said
    return f"{outcome}: {escape(sentence[:_LONGEST])} ({day})"


def _training(record: VersionRecord) -> list[str]:
    settings = ", ".join(f"{name} {value[:40]}" for name, value in main_settings(record))
    return [escape(line[:600]) for line in (trained_words(record.training), settings) if line]


def _against(story: VersionStory) -> Iterator[str]:
    for rival in story.rivals:
        beside = [
            f"{escape(key)} {one.value:.4f} ({signed(one.delta)} here)"
            for key in story.scores
            for one in story.compared(key)
            if one.rival == rival
        ]
        if beside:
            more = f", and {len(beside) - _ENTRIES} more" if len(beside) > _ENTRIES else ""
            named = f"{escape(rival.reference)}, {escape(rival.words)}"
            yield f"{named}: {', '.join(beside[:_ENTRIES])}{more}"


def _data(data: Dataset) -> str:
    rows = f"{data.rows} rows" if isinstance(data.rows, int) else "rows not counted"
    name = "DVC" if isinstance(data.dvc, DvcHash) else data.dvc.words
    hashes = f"{name} {_code(data.key)}"
    if isinstance(data.sha256, str):
        hashes += f", sha256 {_code(data.sha256.removeprefix('sha256:')[:12])}"
    kind = f", {escape(data.profile.format)}" if data.profile else ""
    return f"{escape(data.role)}: {_code(data.path)}, {rows}{kind}, {hashes}"


def _list(title: str, entries: Sequence[str]) -> str:
    if not entries:
        return ""
    shown = [f"- {entry}" for entry in entries[:_ENTRIES]]
    if len(entries) > _ENTRIES:
        shown.append(f"- and {len(entries) - _ENTRIES} more")
    return "\n".join([f"**{title}**", "", *shown])


def _fitting(text: str, limit: int) -> str:
    """Returns text that is cut between lines: half a code span would let loose what it holds."""
    if len(text) <= limit:
        return text
    return text[: limit - 20].rpartition("\n")[0].rstrip() + "\n\n... (cut)"


def _code(text: str) -> str:
    # On one line: a code span ends where its paragraph does. Not empty: two quotes would open one.
    shown = plain(text.replace("`", "").replace("<", "").replace(">", ""))
    return f"`{shown or '-'}`"
