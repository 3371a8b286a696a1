"""What differs between two environments, package by package."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law
from tests.unit.values import WHY, make_record, sha

from ft_registry.model.environment_diff import (
    FieldChange,
    PackageChange,
    diff_environment,
    diff_packages,
)
from ft_registry.model.manifest import FileEntry

ONE = make_record().environment


def test_packages_are_compared_by_the_names_that_indexes_compare() -> None:
    changes, same = diff_packages(
        {"Torch": "2.1", "ruamel.yaml": "0.18", "gone": "1"},
        {"torch": "2.2", "ruamel_yaml": "0.18", "come": "2"},
    )
    assert changes == (
        PackageChange("come", "", "2"),
        PackageChange("gone", "1", ""),
        PackageChange("torch", "2.1", "2.2"),
    )
    assert [change.state for change in changes] == ["added", "removed", "changed"]
    assert same == 1


def test_python_platform_accelerator_and_lock_are_compared() -> None:
    lock = FileEntry(path="uv.lock", size=1, sha256="a" * 64)
    changes = {"python": "3.99.1", "platform": "other", "accelerator": "H100", "lock": lock}
    other = ONE.model_copy(update=changes)
    plain = ONE.model_copy(update={"accelerator": WHY, "lock": WHY})
    found = diff_environment(plain, other, {"a": "1"}, {"a": "1"})
    assert found.fields == (
        FieldChange("python", ONE.python, "3.99.1"),
        FieldChange("platform", ONE.platform, "other"),
        FieldChange("accelerator", "unknown: nobody said", "H100"),
        FieldChange("lock", "unknown: nobody said", "uv.lock aaaaaaaaaaaa"),
    )
    assert (found.packages, found.same) == ((), 1)


def test_without_the_lists_their_digests_say_whether_they_differ() -> None:
    other = ONE.model_copy(update={"packages": sha("d")})
    assert diff_environment(ONE, ONE, None, None).packages == ()
    assert diff_environment(ONE, other, {"a": "1"}, None).packages is None


lists = st.dictionaries(st.sampled_from(["a", "b_c", "d", "e"]), st.sampled_from(["1", "2"]))


@given(one=lists, other=lists)
@law
def test_swapped_sides_swap_before_and_after(one: dict[str, str], other: dict[str, str]) -> None:
    there, back = diff_packages(one, other), diff_packages(other, one)
    assert [(c.name, c.after, c.before) for c in there[0]] == [
        (c.name, c.before, c.after) for c in back[0]
    ]
    assert there[1] == back[1]
    assert diff_packages(one, one) == ((), len(one))
