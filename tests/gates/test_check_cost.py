"""The check ``cost``: the mean of what items took, where every item says so."""

import math
from pathlib import Path

import numpy as np
import pytest
from tests.gates.fact_cases import World

from ft_registry.actions.checks.cost import check_cost
from ft_registry.evaluations.items import Items
from ft_registry.formats.item_table import item_table
from ft_registry.gates.facts import Facts
from ft_registry.gates.spending import judge_spending
from ft_registry.model.canonical import digest_bytes
from ft_registry.model.document import Unknown
from ft_registry.model.evaluation import ItemTable
from ft_registry.model.policy_checks import CostCheck

CHECK = CostCheck(suite="dates", measure="latency", at_most=0.5)


def judged(values: list[float] | None, most: float = 0.5) -> tuple[str, str]:
    facts = Facts()
    column = None if values is None else np.array(values)
    judge_spending(column, "latency", most, len(values or []), facts)
    return facts.answer().outcome, facts.answer().found


@pytest.mark.parametrize(
    ("values", "outcome", "told"),
    [
        ([0.25, 0.75], "pass", "0.5 seconds an item, over 2 items"),
        ([0.25, 0.76], "fail", "at most 0.5"),
        ([0.0, 0.0], "pass", "0 seconds"),
        ([0.25, math.nan, math.nan], "inconclusive", "2 of 3 items have no latency"),
        ([math.nan], "inconclusive", "none of 1 items"),
        ([], "inconclusive", "none of 0 items"),
        (None, "inconclusive", "none of 0 items"),
        ([-1.0, 1.0], "inconclusive", "1 of 2 items have a latency below 0"),
        ([math.inf, 0.0], "fail", "inf seconds"),
        ([1.7e308, 1.7e308], "fail", "inf seconds"),
    ],
)
def test_the_mean_decides_where_every_item_says_so(
    values: list[float] | None, outcome: str, told: str
) -> None:
    found = judged(values)
    assert found[0] == outcome
    assert told in found[1]


class TestOfAVersion:
    @pytest.fixture
    def world(self, tmp_path: Path) -> World:
        found = World(tmp_path)
        found.registry.register({"adapter_model.safetensors": b"weights"})
        return found

    def measured(self, world: World, values: list[float]) -> None:
        table = item_table(
            Items(ids=[str(n) for n in range(len(values))], scores={},
                  numbers={"latency": np.array(values)})
        )  # fmt: skip
        world.registry.shelf()["ftr/items.parquet"] = table
        kept = ItemTable(digest=digest_bytes(table), rows=len(values), artifact="ftr/items.parquet")
        world.evaluation(1, items=kept)

    def test_items_are_read_from_beside_the_weights(self, world: World) -> None:
        self.measured(world, [0.25, 0.75])
        case = world.case()
        assert check_cost(CHECK, case).outcome == "pass"
        assert len(case.uses.evaluations) == 1
        dear = CostCheck(suite="dates", measure="cost", at_most=1)
        assert check_cost(dear, world.case()).outcome == "inconclusive"

    def test_items_with_other_bytes_are_damage(self, world: World) -> None:
        self.measured(world, [0.25, 0.75])
        world.registry.shelf()["ftr/items.parquet"] = b"other"
        assert check_cost(CHECK, world.case()).outcome == "fail"

    def test_totals_alone_are_open(self, world: World) -> None:
        world.evaluation(1, items=Unknown(unknown="totals only"))
        answer = check_cost(CHECK, world.case())
        assert answer.outcome == "inconclusive"
        assert "totals only" in answer.found

    def test_without_an_evaluation_it_is_open(self, world: World) -> None:
        assert check_cost(CHECK, world.case()).outcome == "inconclusive"
