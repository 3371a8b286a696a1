"""What hurts a fine-tune although no rule is broken: told as warnings, from counts alone.

The thresholds are rules of thumb of people who tune, and are said as such.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ft_registry.examples.formats import Format
from ft_registry.examples.tally import OTHER, PLACES, Findings, Histogram, Tally

ENOUGH: Mapping[str, tuple[int, str]] = {
    "sft": (100, "100 to 1,000 good examples change a format, a tone or a narrow skill"),
    "dpo": (500, "preference tuning needs some 500 to 5,000 pairs"),
    "orpo": (500, "preference tuning needs some 500 to 5,000 pairs"),
    "kto": (500, "unpaired preferences need some 500 to 5,000 judged answers of either kind"),
    "reward": (1000, "a reward model needs some thousands of pairs"),
    "grpo": (100, "100 to 1,000 prompts whose answers can be checked are a start"),
    "ppo": (1000, "some thousands of prompts are a start"),
    "rlhf": (1000, "some thousands of prompts are a start"),
    "cpt": (
        10_000,
        "continued pre-training needs millions of tokens: fewer teach style, not facts",
    ),
}
"""By method: how many examples are few, and what is said then."""
METHODS: Mapping[str, str] = {
    "preference": "dpo", "openai-preference": "dpo", "unpaired-preference": "kto",
    "prompt-only": "grpo", "stepwise-supervision": "reward",
}  # fmt: skip
"""The method that a format is made for; else it is ``sft``."""
_IMBALANCE = 20
_TEMPLATE = 0.8
_SECOND = 0.2
"""Of the examples: so many begin with a template that another replaced."""
_CLASSIFIED = 0.95
_NAMES = 50
"""Different answers that are few enough to be classes."""
_OFTEN = 10
"""Examples an answer, on average, where answers name classes."""
_BIAS = 0.8


def advise(
    tally: Tally,
    format_: Format,
    *,
    rows: int,
    duplicates: int,
    near_duplicates: int,
    method: str = "",
    context: int = 0,
    not_searched: int = 0,
) -> tuple[str, ...]:
    """Returns the warnings on a dataset, in words.

    Args:
        tally: What was counted.
        format_: Its format.
        rows: Its examples.
        duplicates: Examples that are equal to an earlier one.
        near_duplicates: Further ones, case and spacing aside.
        method: How a model is to be tuned with it; empty: what its format is made for.
        context: The model's context, in the unit of the lengths; 0: not given.
        not_searched: The bytes, where there were too many to look for secrets unasked; else 0.
    """
    return tuple(
        text
        for part in (
            _size(rows, method or METHODS.get(format_.name, "sft")),
            _twice(duplicates, near_duplicates),
            _lengths(tally.totals, context),
            _classes(tally.labels, "labels"),
            _answers(tally, format_),
            _pairs(tally),
            _openings(tally),
            _systems(tally.systems, rows),
            _sensitive(tally.sensitive, not_searched),
        )
        for text in part
    )


def _size(rows: int, method: str) -> Iterator[str]:
    few, words = ENOUGH.get(method, (0, ""))
    if 0 < rows < few:
        count = "1 example is" if rows == 1 else f"{rows:,} examples are"
        yield f"{count} few for {method}: {words}"


def _twice(duplicates: int, near: int) -> Iterator[str]:
    if duplicates:
        yield f"{duplicates:,} examples are equal to another: they count twice in training"
    if near:
        yield f"{near:,} more are equal to another but for case and spacing"


def _lengths(totals: Histogram, context: int) -> Iterator[str]:
    if context:
        over = sum(count for length, count in totals.counts.items() if length > context)
        if over:
            yield f"{over:,} examples are longer than the context of {context:,}: they are cut"
    if totals.size >= 20:
        usual = totals.quantile(0.99)
        if totals.largest > 4 * max(usual, 1):
            yield (
                f"the longest example has a length of {totals.largest:,}, 99 % have at most "
                f"{usual:,}"
            )


def _classes(labels: Counter[str], what: str) -> Iterator[str]:
    named = {label: count for label, count in labels.items() if label != OTHER}
    if len(named) < 2:
        return
    most, least = max(named, key=named.__getitem__), min(named, key=named.__getitem__)
    if named[most] >= _IMBALANCE * named[least]:
        yield (
            f"{what} are uneven: {most!r} has {named[most]:,} examples, {least!r} {named[least]:,}"
        )


def _answers(tally: Tally, format_: Format) -> Iterator[str]:
    """Yields what labels are told, of answers that are as good as labels: short, few, repeated."""
    briefs = tally.briefs
    if tally.labels or format_.name in METHODS or OTHER in briefs or len(briefs) > _NAMES:
        return
    answers = tally.answers.size - tally.answers.counts[0]
    if briefs.total() >= max(_CLASSIFIED * answers, _OFTEN * len(briefs)):
        yield from _classes(briefs, "answers")


def _pairs(tally: Tally) -> Iterator[str]:
    pairs = tally.longer_chosen + tally.longer_rejected
    if pairs >= 20 and tally.longer_chosen >= _BIAS * pairs:
        share = round(100 * tally.longer_chosen / pairs)
        yield f"in {share} % of the pairs the chosen answer is the longer one: length may be learnt"
    if tally.length_only:
        yield f"{tally.length_only:,} pairs differ only in length: one answer begins the other"


def _openings(tally: Tally) -> Iterator[str]:
    total = tally.openings.total()
    begin = [
        (text, count)
        for counts in (tally.openings, tally.markers)
        for text, count in counts.most_common(3)
        if text not in ("", OTHER) and count >= _SECOND * total
    ]
    most = [(text, count) for text, count in begin if count >= _TEMPLATE * total]
    if most:
        text, count = most[0]
        if count < total:
            yield _changed("prompts begin with", text, count, total)
        return
    begin.sort(key=lambda pair: -pair[1])
    for place, (text, count) in enumerate(begin):
        for other, number in begin[place + 1 :]:
            apart = not (text.startswith(other) or other.startswith(text))
            if apart and count + number >= _TEMPLATE * total:
                yield (
                    f"{_percent(count, total)} of the prompts begin with {text[:40]!r}, "
                    f"{_percent(number, total)} with {other[:40]!r}: was the template changed?"
                )
                return


def _systems(systems: Counter[str], rows: int) -> Iterator[str]:
    told = systems.total()
    if not told:
        return
    ((text, count),) = systems.most_common(1)
    if text != OTHER and told > count >= _TEMPLATE * told:
        yield _changed("system turns say", text, count, told)
    if told < rows:
        yield f"{rows - told:,} of {rows:,} examples have no system turn, the others have one"


def _changed(what: str, text: str, count: int, total: int) -> str:
    return (
        f"{_percent(count, total)} of the {what} {text[:40]!r}, {total - count:,} do not: was the "
        "template changed?"
    )


def _percent(count: int, total: int) -> str:
    return f"{round(100 * count / total)} %"


def _sensitive(found: Findings, not_searched: int) -> Iterator[str]:
    for what, count in sorted(found.counts.items(), key=lambda pair: (-pair[1], pair[0])):
        verb = "examples hold" if count > 1 else "example holds"
        yield f"{count:,} {verb} what looks like {what}: {_places(found.first[what], count)}"
    if not_searched:
        yield (
            f"nobody looked for secrets and personal data in {not_searched >> 20:,} MiB: "
            "--sensitive does, --no-sensitive says that it need not be"
        )


def _places(places: Sequence[tuple[str, int]], count: int) -> str:
    more = " and others" if count > PLACES else ""
    if any(file for file, _ in places):
        return ", ".join(f"{file}:{line}" for file, line in places) + more
    return f"line{'s' if count > 1 else ''} {', '.join(str(line) for _, line in places)}{more}"
