"""A point does nothing, unless a test has said what it is to do."""

import errno
from pathlib import Path

import pytest
from tests.faults.plan import Plan

from ft_registry.faultpoints import POINTS, faultpoint, set_hook

NAMES = sorted(POINTS)[:3]


def test_without_a_hook_nothing_happens() -> None:
    assert set_hook(None) is None
    for name in NAMES:
        faultpoint(name)


def test_a_plan_strikes_at_its_point_and_then_no_more(tmp_path: Path) -> None:
    plan = Plan(2, "full", trace=tmp_path / "trace")
    with plan.running():
        faultpoint(NAMES[0])
        with pytest.raises(OSError, match="No space left") as caught:
            faultpoint(NAMES[1])
        faultpoint(NAMES[2])
    assert (caught.value.errno, plan.reached()) == (errno.ENOSPC, NAMES)
    faultpoint(NAMES[0])
    assert plan.reached() == NAMES


def test_a_point_that_is_not_declared_is_told() -> None:
    with Plan(0).running(), pytest.raises(AssertionError, match=r"git\.fire"):
        faultpoint("git.fire")
