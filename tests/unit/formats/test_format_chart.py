"""The pictures of learning curves."""

from ft_registry.formats.chart import ticks


def test_marks_of_an_axis_are_told_apart() -> None:
    assert ticks([0.0, 0.5, 1.0]) == ["0", "0.5", "1"]
    assert ticks([2.6398, 2.6402, 2.6406]) == ["2.6398", "2.6402", "2.6406"]
    assert ticks([3.0]) == ["3"]
