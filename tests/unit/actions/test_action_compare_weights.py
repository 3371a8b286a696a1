"""Weights compare by value: checked against products that are really formed."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law
from tests.unit.tensor_files import factors, write_adapter, write_full

from ft_registry.actions.compare_weights import Distance, WeightsDiff, compare_weights
from ft_registry.errors import Refused

Q = "model.layers.0.self_attn.q_proj"
V = "model.layers.1.self_attn.v_proj"


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def delta(tensors: dict[str, Any], module: str, scale: float) -> Any:
    """Returns s·B·A, formed."""
    prefix = f"base_model.model.{module}.lora_"
    a, b = (tensors[f"{prefix}{part}.weight"].astype(np.float64) for part in "AB")
    return scale * b.reshape(b.shape[0], -1) @ a.reshape(a.shape[0], -1)


def check(found: Distance | None, before: Any, after: Any) -> None:
    assert found is not None
    expected = (
        np.linalg.norm(before), np.linalg.norm(after), np.linalg.norm(before - after),
        np.vdot(before, after) / np.linalg.norm(before) / np.linalg.norm(after),
    )  # fmt: skip
    ours = (found.before, found.after, found.difference, found.cosine)
    assert ours == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert found.relative == pytest.approx(expected[2] / expected[0], rel=1e-6)


def module(diff: WeightsDiff, name: str) -> Any:
    (found,) = [one for one in diff.modules if one.name == name]
    return found


@pytest.mark.parametrize(("rank", "other"), [(4, 4), (4, 2), (1, 16)])
def test_products_compare_as_if_they_were_formed(tmp_path: Path, rank: int, other: int) -> None:
    old = {**factors(random(1), Q, rank), **factors(random(2), V, rank)}
    new = {**factors(random(3), Q, other), **factors(random(4), V, other)}
    one = write_adapter(tmp_path / "a", old, r=rank, lora_alpha=8)
    two = write_adapter(tmp_path / "b", new, r=other, lora_alpha=3)
    diff = compare_weights(one, two)
    scales = 8 / rank, 3 / other
    for name in (Q, V):
        found = module(diff, name)
        check(found.distance, delta(old, name, scales[0]), delta(new, name, scales[1]))
        assert (found.is_product, found.ranks, found.scales) == (True, (rank, other), scales)
    whole = [np.stack([delta(side, name, s) for name in (Q, V)])
             for side, s in zip((old, new), scales, strict=True)]  # fmt: skip
    check(diff.overall, *whole)
    assert diff.plain is None
    assert diff.same_base is True


@pytest.mark.parametrize("size", [1e-2, 1e-5, 1e-8, 1e-11])
def test_a_small_change_of_a_product_is_not_lost_in_rounding(tmp_path: Path, size: float) -> None:
    old = {name: array.astype(np.float64) for name, array in factors(random(1), Q).items()}
    new = {name: array * (1 + size * random(2).random(array.shape)) for name, array in old.items()}
    diff = compare_weights(write_adapter(tmp_path / "a", old), write_adapter(tmp_path / "b", new))
    prefix = f"base_model.model.{Q}.lora_"
    a, b = (old[f"{prefix}{part}.weight"] for part in "AB")
    c, d = (new[f"{prefix}{part}.weight"] for part in "AB")
    expected = np.linalg.norm(2 * ((d - b) @ c + b @ (c - a)))
    assert diff.overall is not None
    assert diff.overall.difference == pytest.approx(expected, rel=1e-4)


def test_other_factors_of_the_same_product_are_no_change_of_the_model(tmp_path: Path) -> None:
    old = {name: array.astype(np.float64) for name, array in factors(random(1), Q).items()}
    turn = random(2).standard_normal((4, 4))
    a, b = (f"base_model.model.{Q}.lora_{part}.weight" for part in "AB")
    new = {a: np.linalg.inv(turn) @ old[a], b: old[b] @ turn}
    diff = compare_weights(write_adapter(tmp_path / "a", old), write_adapter(tmp_path / "b", new))
    assert [tensor.state for tensor in diff.tensors] == ["changed", "changed"]
    assert diff.overall is not None
    assert diff.overall.relative == pytest.approx(0, abs=1e-6)
    assert diff.overall.cosine == pytest.approx(1)


def test_a_scale_alone_is_a_change(tmp_path: Path) -> None:
    tensors = factors(random(1), Q)
    one = write_adapter(tmp_path / "a", tensors, lora_alpha=8)
    diff = compare_weights(one, write_adapter(tmp_path / "b", tensors, lora_alpha=16))
    assert (diff.equal, diff.tensors) == (2, ())
    assert module(diff, Q).state == "changed"
    check(module(diff, Q).distance, delta(tensors, Q, 2), delta(tensors, Q, 4))


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, 8 / 4),
        ({"use_rslora": True}, 8 / 2),
        ({"alpha_pattern": {"q_proj": 6}}, 6 / 4),
        ({"alpha_pattern": {"v_proj": 6}}, 8 / 4),
        ({"alpha_pattern": {r"layers\.\d+\.self_attn\.(q|k)_proj": 6}}, 6 / 4),
        ({"alpha_pattern": {"roj": 6}}, 8 / 4),
        ({"r": 64, "rank_pattern": {f"{Q}": 4}}, 8 / 4),
        ({"r": 64, "rank_pattern": {"^model.layers.0.self_attn.q_proj": 4}}, 8 / 4),
        ({"r": 64, "rank_pattern": {"q_proj": 4}, "use_rslora": True}, 8 / 2),
    ],
)
def test_the_scale_is_the_one_that_peft_takes(
    tmp_path: Path, config: dict[str, Any], scale: float
) -> None:
    root = write_adapter(tmp_path, factors(random(1), Q), **config)
    assert module(compare_weights(root, root), Q).scales == (scale, scale)


def test_scales_are_those_of_peft_itself(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="of the train extra")
    peft = pytest.importorskip("peft", reason="of the train extra")

    class Tiny(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q_proj, self.k_proj = torch.nn.Linear(6, 5), torch.nn.Linear(6, 5)

        def forward(self, x: Any) -> Any:
            return self.q_proj(x) + self.k_proj(x)

    made = peft.LoraConfig(
        r=4, lora_alpha=6, target_modules=["q_proj", "k_proj"], use_rslora=True,
        rank_pattern={"q_proj": 2}, alpha_pattern={"k_.*": 5}, init_lora_weights=False,
    )  # fmt: skip
    model = peft.get_peft_model(Tiny(), made)
    model.save_pretrained(tmp_path)
    diff = compare_weights(tmp_path, tmp_path)
    for name in ("q_proj", "k_proj"):
        layer = getattr(model.base_model.model, name)
        found = module(diff, name)
        assert found.scales[0] == pytest.approx(layer.scaling["default"])
        norm = torch.linalg.norm(layer.get_delta_weight("default").double()).item()
        assert found.distance.before == pytest.approx(norm, rel=1e-6)


def test_a_module_that_one_adapter_leaves_alone_is_zero_there(tmp_path: Path) -> None:
    old, more = factors(random(1), Q), factors(random(2), V)
    one, two = write_adapter(tmp_path / "a", old), write_adapter(tmp_path / "b", {**old, **more})
    diff = compare_weights(one, two)
    assert [(found.name, found.state) for found in diff.modules] == [(Q, "equal"), (V, "added")]
    assert [tensor.state for tensor in diff.tensors] == ["added", "added"]
    assert diff.overall is not None
    assert diff.overall.difference == pytest.approx(np.linalg.norm(delta(more, V, 2)))
    assert compare_weights(two, one).tensors[0].state == "removed"
    assert module(diff, V).ranks == (0, 4)


def test_convolutions_and_embeddings_have_products_too(tmp_path: Path) -> None:
    old, new = (
        {
            "base_model.model.conv.lora_A.weight": random(n).standard_normal((4, 3, 2, 2)),
            "base_model.model.conv.lora_B.weight": random(n + 9).standard_normal((5, 4, 1, 1)),
            "base_model.model.embed.lora_embedding_A": random(n).standard_normal((4, 11)),
            "base_model.model.embed.lora_embedding_B": random(n + 9).standard_normal((6, 4)),
        }
        for n in (1, 2)
    )
    diff = compare_weights(write_adapter(tmp_path / "a", old), write_adapter(tmp_path / "b", new))
    check(module(diff, "conv").distance, delta(old, "conv", 2), delta(new, "conv", 2))
    a, b = ([side[f"base_model.model.embed.lora_embedding_{p}"] for p in "AB"]
            for side in (old, new))  # fmt: skip
    check(module(diff, "embed").distance, 2 * a[1] @ a[0], 2 * b[1] @ b[0])


def test_factors_of_experts_are_compared_one_by_one(tmp_path: Path) -> None:
    one = write_adapter(tmp_path / "a", factors(random(1), Q, rank=8))
    two = write_adapter(tmp_path / "b", factors(random(2), Q, rank=4))
    diff = compare_weights(one, two)
    assert [found.name for found in diff.modules] == [f"{Q}.lora_A", f"{Q}.lora_B"]
    assert diff.products is None
    assert diff.notes == (f"factors that are compared one by one: {Q}",)


def test_magnitudes_are_compared_on_their_own_and_noted(tmp_path: Path) -> None:
    extra = {f"base_model.model.{Q}.lora_magnitude_vector": np.ones(12, "f4")}
    tensors = {**factors(random(1), Q), **extra}
    one = write_adapter(tmp_path / "a", tensors, use_dora=True)
    tensors[next(iter(extra))] = np.full(12, 2, "f4")
    diff = compare_weights(one, write_adapter(tmp_path / "b", tensors, use_dora=True))
    assert [(found.state, found.is_product) for found in diff.modules] == [
        ("equal", True), ("changed", False)
    ]  # fmt: skip
    assert diff.plain is not None
    assert diff.plain.relative == pytest.approx(1)
    assert diff.notes[0].startswith("DoRA:")
    assert diff.notes[0].endswith("(both)")


@pytest.mark.parametrize("config", [{"peft_type": "ADALORA"}, {"use_bdlora": {"target": 1}}])
def test_other_adapters_are_compared_tensor_by_tensor(tmp_path: Path, config: Any) -> None:
    one = write_adapter(tmp_path / "a", factors(random(1), Q))
    two = write_adapter(tmp_path / "b", factors(random(1), Q), **config)
    diff = compare_weights(one, two)
    assert [found.state for found in diff.modules] == ["equal", "equal"]
    assert "tensor by tensor" in diff.notes[0]
    assert diff.notes[0].endswith("(after)")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, True),
        ({"base_model_name_or_path": "acme/other"}, False),
        ({"revision": "c0ffee"}, False),
        ({"base_model_name_or_path": None}, None),
    ],
)
def test_the_bases_are_named(tmp_path: Path, config: Any, expected: bool | None) -> None:
    one = write_adapter(tmp_path / "a", factors(random(1), Q))
    diff = compare_weights(one, write_adapter(tmp_path / "b", factors(random(1), Q), **config))
    assert diff.same_base is expected
    assert any("bases differ" in note for note in diff.notes) is (expected is False)


@pytest.mark.parametrize(
    "pattern",
    [
        {"(a+)+": 2}, {"(a|a)*b": 2}, {".*.*.*.*": 2}, {"(": 2}, {"a?a?a?a?a": 2}, {"(a)" * 5: 2},
        {"q" * 501: 2}, {"q_proj": 0}, {"q_proj": "2"}, {"q_proj": True}, {"q_proj": 1.5}, [1],
    ],
    ids=str,
)  # fmt: skip
def test_a_pattern_that_is_none_or_has_no_end_is_refused(tmp_path: Path, pattern: Any) -> None:
    root = write_adapter(tmp_path, factors(random(1), Q), rank_pattern=pattern)
    with pytest.raises(Refused, match="rank_pattern"):
        compare_weights(root, root)


def test_full_weights_compare_tensor_by_tensor(tmp_path: Path) -> None:
    base = {f"m{n}.weight": random(n).standard_normal((3, 5)).astype("f4") for n in range(3)}
    old = {**base, "gone": np.ones(2), "grown.weight": np.ones((2, 2)), "cast": np.ones(3, "f4")}
    new = {**base, "come": np.ones(2), "grown.weight": np.ones((3, 2)), "cast": np.ones(3, "f2")}
    new["m1.weight"] = base["m1.weight"] + np.float32(0.5)
    diff = compare_weights(write_full(tmp_path / "a", old), write_full(tmp_path / "b", new))
    assert {(one.name, one.state, one.before, one.after) for one in diff.tensors} == {
        ("cast", "dtype", "F32[3]", "F16[3]"),
        ("come", "added", "", "F64[2]"),
        ("gone", "removed", "F64[2]", ""),
        ("grown.weight", "shape", "F64[2, 2]", "F64[3, 2]"),
        ("m1.weight", "changed", "F32[3, 5]", "F32[3, 5]"),
    }
    assert diff.equal == 2
    check(module(diff, "m1").distance, base["m1.weight"], new["m1.weight"])
    assert module(diff, "cast").distance.difference == 0
    assert module(diff, "grown").distance is None
    assert [one.name for one in diff.most_changed(9)] == ["m1", "come", "gone"]
    whole = [np.concatenate([side[name].ravel() for name in (*base, "cast")])
             for side in (old, new)]  # fmt: skip
    check(diff.overall, *whole)
    assert diff.same_base is None


def test_what_is_not_finite_is_left_out_and_said(tmp_path: Path) -> None:
    old = {"a": np.ones(3, "f4"), "b": np.array([1, math.nan], "f4"), "c": np.array([1e300])}
    new = {"a": np.zeros(3, "f4"), "b": np.array([1, math.inf], "f4"), "c": np.array([2e300])}
    diff = compare_weights(write_full(tmp_path / "a", old), write_full(tmp_path / "b", new))
    assert module(diff, "b").distance is None
    assert module(diff, "b").state == "changed"
    assert diff.overall is not None
    assert diff.overall.difference == pytest.approx(math.sqrt(3))
    assert diff.notes == ("values that are not finite, left out: b, c",)
    assert module(compare_weights(tmp_path / "a", tmp_path / "a"), "b").state == "equal"


def test_bytes_without_numbers_compare_as_bytes(tmp_path: Path) -> None:
    old, new = ({"w": np.array([1, number], "u1")} for number in (2, 3))
    one = write_full(tmp_path / "a", old, w="F8_E8M0")
    diff = compare_weights(one, write_full(tmp_path / "b", new, w="F8_E8M0"))
    assert [(found.state, found.distance) for found in diff.modules] == [("changed", None)]
    assert diff.notes == ()
    assert compare_weights(one, one).equal == 1


def test_an_adapter_and_full_weights_do_not_compare(tmp_path: Path) -> None:
    one = write_adapter(tmp_path / "a", factors(random(1), Q))
    two = write_full(tmp_path / "b", {"w": np.ones(1)})
    with pytest.raises(Refused, match=r"found an adapter in .*a and full weights in .*b") as caught:
        compare_weights(one, two)
    assert caught.value.hints


def test_names_that_are_one_but_for_their_end_stay_apart(tmp_path: Path) -> None:
    root = write_full(tmp_path, {"x": np.ones(1), "x.weight": np.ones(2)})
    assert [found.name for found in compare_weights(root, root).modules] == ["x", "x.weight"]


seeds = st.integers(0, 99)
ranks = st.sampled_from([1, 2, 4])
MIRRORED = {"added": "removed", "removed": "added"}


def sides(root: Path, one: tuple[int, int], other: tuple[int, int]) -> tuple[Path, Path]:
    return (
        write_adapter(root / "a", factors(random(one[0]), Q, one[1]), r=one[1]),
        write_adapter(
            root / "b",
            {**factors(random(other[0]), Q, other[1]), **factors(random(7), V, other[1])},
            r=other[1],
        ),
    )


@given(one=st.tuples(seeds, ranks))
@law
def test_nothing_differs_from_itself(one: tuple[int, int], tmp_path_factory: Any) -> None:
    folder, _ = sides(tmp_path_factory.mktemp("law"), one, one)
    diff = compare_weights(folder, folder)
    assert diff.tensors == ()
    assert diff.most_changed(9) == []
    assert diff.overall is not None
    assert (diff.overall.difference, diff.overall.cosine) == (0, pytest.approx(1))


@given(one=st.tuples(seeds, ranks), other=st.tuples(seeds, ranks))
@law
def test_swapped_sides_swap_before_and_after(
    one: tuple[int, int], other: tuple[int, int], tmp_path_factory: Any
) -> None:
    before, after = sides(tmp_path_factory.mktemp("law"), one, other)
    there, back = compare_weights(before, after), compare_weights(after, before)
    assert [(t.name, t.before, t.after, MIRRORED.get(t.state, t.state)) for t in there.tensors] == [
        (t.name, t.after, t.before, t.state) for t in back.tensors
    ]
    for here, mirrored in zip(there.modules, back.modules, strict=True):
        assert here.distance is not None
        assert mirrored.distance is not None
        assert here.distance.before == pytest.approx(mirrored.distance.after)
        assert here.distance.difference == pytest.approx(mirrored.distance.difference)
        assert here.distance.cosine == pytest.approx(mirrored.distance.cosine)
