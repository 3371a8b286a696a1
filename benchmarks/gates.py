"""How often do gates err, how often do they find what is there, and what do they cost?

    python benchmarks/gates.py [--runs N]

prints a simulation: pairs of models whose true difference is known, decided by the checks of a
policy and by rules that people write by hand. It takes some minutes; the exit code is 1 when a rate
of false promotions is above alpha, or a power 2 points off its theory, by more than chance. What
checks cost is a question of benchmarks/run.py.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from evaluations import write_adapter
from lab import Lab
from measure import Contender, Plan, Question, Result, Target

from ft_registry.gates.comparing import Compared, Sides, compared
from ft_registry.model.policy_checks import CompareCheck
from ft_registry.statistics.paired_exact_power import exact_paired_power
from ft_registry.statistics.power import paired_t_power

ALPHA = 0.05
SIZES = (50, 100, 200, 500, 1000, 2000)
CLOSE = 0.02
"""How far a power may be from its theory."""
RIGHT, DISCORDANCE, GAIN, MARGIN = 0.8, 0.12, 0.04, 0.05
"""Of items that are right or wrong: the old model's share, and how many differ."""
DEVIATION, SHIFT = 0.2, 0.03
"""Of graded items: how much a score changes, and by how much on average."""

_CHECKS = """
import sys
import numpy as np
from ft_registry.gates.comparing import Sides, compared, judged
from ft_registry.model.policy_checks import CompareCheck

random, n = np.random.default_rng(1), 5_000
check = CompareCheck(
    suite="s", metric="m", against="@champion", test="non_inferior", margin=0.02, method=sys.argv[1]
)
for _ in range(10):
    old = random.beta(2, 2, n)
    new = np.clip(old + random.normal(0, 0.2, n), 0, 1)
    sides = Sides("m/1", new, old, [f"q{place}" for place in range(n)], True)
    assert judged(compared(check, sides)).outcome == "pass"
"""


_METRICS = 10
_POLICY = """\
aliases:
  champion:
    all:
{compares}
  staging:
    all:
      - lineage: {{base_pinned: true}}
      - artifact: {{format: safetensors}}
      - score: {{suite: graded, metric: m0, at_least: 0.1}}
"""
_COMPARE = (
    "      - compare: {{suite: graded, metric: m{number}, against: '@champion', "
    "test: non_inferior, margin: 0.05, method: bootstrap, higher_is_better: true}}"
)


def answers(lab: Lab, plan: Plan) -> Iterator[Result]:
    """Yields the cost of ten comparisons as a process of its own, and that of gates."""
    yield _gate(lab, plan)
    yield Question(
        "Ten comparisons of 5,000 graded items each, imports included",
        [
            Contender("10,000 resamples each", lambda: lab.python(_CHECKS, "bootstrap")),
            Contender("paired t", lambda: lab.python(_CHECKS, "t")),
        ],
        unit="paired t",
        targets=[Target("10,000 resamples each", 3.0)],
    ).answer(plan.rounds)


def _gate(lab: Lab, plan: Plan) -> Result:
    count = 200 if plan.small else 5_000
    place = lab.registry("gates")
    write_adapter(place.folder / "base", megabytes=1, seed=0)
    for number in (1, 2):
        write_adapter(place.folder / "adapter", megabytes=1, seed=number)
        place.run("ft-registry", "register", "model", "adapter", "--method", "sft")
        _write_items(place.folder / "graded.jsonl", count, seed=number)
        place.run("ft-registry", "eval", "add", f"model/{number}", "graded.jsonl")
    place.run("ft-registry", "promote", "model/1", "--to", "champion", "--reason", "the first")
    compares = "\n".join(_COMPARE.format(number=number) for number in range(_METRICS))
    (place.folder / "policy.yaml").write_text(_POLICY.format(compares=compares))
    place.run("ft-registry", "policy", "apply", "policy.yaml", "--reason", "from now on")

    def asked(alias: str) -> str:
        return place.run("ft-registry", "gate", "model/2", "--to", alias)

    return Question(
        f"gate as a process: {_METRICS} checks of {count:,} items, 10,000 resamples each",
        [
            Contender("ten comparisons", lambda: asked("champion")),
            Contender("no items", lambda: asked("staging")),
        ],
        unit="no items",
        targets=[Target("ten comparisons", 3.0), Target("no items", 0.6)],
    ).answer(plan.rounds)


def _write_items(file: Path, count: int, *, seed: int) -> None:
    """Writes items with ten scores each, between which versions differ by luck alone."""
    random = np.random.default_rng(3)
    hard = random.beta(4, 2, (count, _METRICS))
    luck = np.random.default_rng(seed).normal(0, 0.1, hard.shape)
    with file.open("w") as rows:
        for number, scores in enumerate(np.clip(hard + luck, 0, 1).round(6).tolist()):
            named = {f"m{metric}": score for metric, score in enumerate(scores)}
            rows.write(json.dumps({"id": f"q{number}", **named}) + "\n")


@dataclass(frozen=True)
class Finding:
    """How often rules promoted, at one number of items."""

    n: int
    gate: float
    naive: float
    """The mean is not below that of the champion (or not by more than the margin)."""
    unpaired: float
    """By a z test of two separate samples."""
    theory: float | None = None
    """The power; None: both are as good, or at the margin, and the gate may promote alpha."""

    def is_met(self, runs: int) -> bool:
        """Returns whether the gate keeps what is promised, give or take three standard errors."""
        if self.theory is None:
            return self.gate <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / runs)
        error = math.sqrt(max(self.theory * (1 - self.theory), 0.01) / runs)
        return abs(self.gate - self.theory) <= CLOSE + 3 * error


Pairs = Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]


def simulate(
    check: CompareCheck,
    pairs: Pairs,
    n: int,
    runs: int,
    *,
    seed: int = 0,
    clusters: int = 0,
    theory: float | None = None,
) -> Finding:
    """Returns how often a check passes, and what other rules say of the same scores.

    Args:
        check: Of the gate.
        pairs: Draws new and old scores of so many items.
        n: Items.
        runs: Pairs of models.
        seed: Of what is drawn.
        clusters: Items of one cluster; 0: each stands alone.
        theory: How often the check should pass.
    """
    random = np.random.default_rng((seed, n))
    null = check.margin if check.test == "superior" else -check.margin
    reach = NormalDist().inv_cdf(1 - ALPHA)
    ids = [f"q{place}" for place in range(n)]
    groups = [str(place // clusters) for place in range(n)] if clusters else None
    known: dict[bytes, bool] = {}
    counts = np.zeros(3)
    for _ in range(runs):
        new, old = pairs(random, n)
        if groups is None and set(np.unique(new - old)) <= {-1.0, 0.0, 1.0}:
            order = np.lexsort((old, new))  # tables that are equal are decided once
            new, old = new[order], old[order]
        key = new.tobytes() + old.tobytes()
        if key not in known:
            found = compared(check, Sides("m/1", new, old, ids, True, clusters=groups))
            known[key] = isinstance(found, Compared) and found.p <= check.alpha
        delta = new.mean() - old.mean()
        error = math.sqrt((new.var() + old.var()) / n)
        counts += [known[key], delta >= min(null, 0.0), delta - null > reach * error]
    gate, naive, unpaired = (counts / runs).tolist()
    return Finding(n, gate, naive, unpaired, theory)


def right_or_wrong(gain: float, discordance: float = DISCORDANCE) -> Pairs:
    """Returns pairs of answers with a true difference."""
    shares = [(discordance + gain) / 2, (discordance - gain) / 2]
    both = RIGHT - shares[1]

    def draw(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        b, c, right, _ = random.multinomial(n, [*shares, both, 1 - sum(shares) - both])
        new, old = np.zeros(n), np.zeros(n)
        new[: b + right] = 1
        old[b : b + right + c] = 1
        return new, old

    return draw


def graded(gain: float, cluster: int = 0) -> Pairs:
    """Returns pairs of graded scores; those of a cluster move together."""

    def draw(random: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        old = random.beta(4, 2, n)
        if cluster:
            moved = np.repeat(random.normal(0, 1, -(-n // cluster)), cluster)[:n]
            change = (moved + random.normal(0, 1, n)) / math.sqrt(2)
        else:
            change = random.normal(0, 1, n)
        return old + gain + DEVIATION * change, old

    return draw


def scenarios(runs: int, sizes: tuple[int, ...] = SIZES) -> Iterator[tuple[str, list[Finding]]]:
    """Yields what is true of the models, and what rules made of it."""
    better = _check(test="superior")
    no_worse = _check(test="non_inferior", margin=MARGIN)
    by_margin = _check(test="superior", margin=MARGIN)

    def row(check: CompareCheck, pairs: Pairs, **more: int) -> list[Finding]:
        return [simulate(check, pairs, n, runs, **more) for n in sizes]

    yield "superior, both as good", row(better, right_or_wrong(0))
    yield "superior, as good, 2 % differ", row(better, right_or_wrong(0, 0.02))
    yield "superior by 0.05, better by 0.05", row(by_margin, right_or_wrong(MARGIN))
    yield "non_inferior, worse by the margin", row(no_worse, right_or_wrong(-MARGIN))
    yield (
        "non_inferior, worse by it, all losses",
        row(no_worse, right_or_wrong(-MARGIN, MARGIN)),
    )
    yield "graded, superior, both as good", row(better, graded(0))
    yield "graded, non_inferior, at the margin", row(no_worse, graded(-MARGIN))
    yield "graded in clusters of 5, as good", row(better, graded(0, 5), clusters=5)
    yield (
        f"superior, better by {GAIN}",
        [
            simulate(
                better, right_or_wrong(GAIN), n, runs,
                theory=exact_paired_power(n, GAIN, DISCORDANCE).power,
            )
            for n in sizes
        ],
    )  # fmt: skip
    yield (
        "non_inferior, both as good",
        [
            simulate(
                no_worse, right_or_wrong(0), n, runs,
                theory=exact_paired_power(n, 0.0, DISCORDANCE, null=-MARGIN).power,
            )
            for n in sizes
        ],
    )  # fmt: skip
    yield (
        f"graded, superior, better by {SHIFT}",
        [
            simulate(
                better, graded(SHIFT), n, runs,
                theory=paired_t_power(n, SHIFT, DEVIATION, alternative="greater").power,
            )
            for n in sizes
        ],
    )  # fmt: skip


def _check(**fields: object) -> CompareCheck:
    given = {"suite": "s", "metric": "m", "against": "@champion", "alpha": ALPHA, **fields}
    return CompareCheck.model_validate(given)


def main() -> int:
    """Prints how often rules promoted; the exit code is 1 when the gate misses its promise."""
    parser = argparse.ArgumentParser(description="Simulates promotions whose truth is known.")
    parser.add_argument("--runs", type=int, default=2000, help="pairs of models a line [2000]")
    runs = parser.parse_args().runs
    if runs < 1:
        parser.error(f"expected a number of runs from 1, found {runs}")
    missed = 0
    print(f"{'':38}{'items':>6}{'gate':>8}{'theory':>8}{'mean':>8}{'z':>8}")
    for what, findings in scenarios(runs):
        for found in findings:
            met = found.is_met(runs)
            missed += not met
            theory = f"{found.theory:.1%}" if found.theory is not None else f"<={ALPHA:.0%}"
            print(
                f"{what:38}{found.n:>6}{found.gate:>8.1%}{theory:>8}{found.naive:>8.1%}"
                f"{found.unpaired:>8.1%}{'' if met else '  MISSED'}",
                flush=True,
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
