"""What is asked of training data, dataset by dataset: how much there is, and how sound it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from ft_registry.gates.facts import Facts
from ft_registry.model.examples import Profile

_PROFILE = "ft-registry data snapshot PATH makes a profile, where these bytes still are"


@dataclass(frozen=True)
class TrainingSet:
    """One dataset that weights learnt from."""

    name: str
    """``data/train.jsonl of m/1``."""
    rows: int | None
    """None: nobody counted."""
    profile: Profile | None


def judge_examples(own: Sequence[TrainingSet], least: int, facts: Facts) -> None:
    """Tells whether a version's own training data is large enough, all of it together."""
    known = sum(one.rows for one in own if one.rows is not None)
    uncounted = [one.name for one in own if one.rows is None]
    if known >= least:
        facts.holds(f"{known:,} examples")
    elif uncounted:
        facts.is_open(
            f"{known:,} examples are counted, of {', '.join(uncounted)} nobody knows how many: "
            f"{_PROFILE}"
        )
    else:
        facts.breaks(
            f"{known:,} examples in {', '.join(one.name for one in own)}, {least:,} are asked for"
        )


def judge_faults(sets: Sequence[TrainingSet], most: int, facts: Facts) -> None:
    """Tells whether each dataset has few enough faults."""
    for one in sets:
        if one.profile is None:
            facts.is_open(f"faults of {one.name}: {_PROFILE}")
            continue
        count = sum(one.profile.faults.values())
        if count > most:
            rules = ", ".join(f"{rule} {n:,}" for rule, n in sorted(one.profile.faults.items()))
            facts.breaks(
                f"{count:,} faults in {one.name} ({rules}), at most {most:,} may be: ft-registry "
                "data check names each of them"
            )
        else:
            facts.holds(f"{count:,} faults in {one.name}")


def judge_duplicates(sets: Sequence[TrainingSet], most: float, facts: Facts) -> None:
    """Tells whether the share of each dataset that repeats an earlier example is small enough."""
    for one in sets:
        if one.profile is None:
            facts.is_open(f"duplicates of {one.name}: {_PROFILE}")
            continue
        count, rows = one.profile.duplicates, one.profile.rows
        words = f"{count:,} of {rows:,} examples are equal to an earlier one in {one.name}"
        # Counted, not divided: 3 of 30 are no more than a tenth.
        if count > most * rows:
            facts.breaks(f"{words}, at most {most:.2%} may be: take them out and train again")
        else:
            facts.holds(words)
