"""What differs between two configurations: by meaning, not by spelling.

Numbers compare by value, modules that LoRA targets as a set, entries of a list by their name where
they have one. Keys that decide where a run writes or how it talks, not what it learns, are noise:
they are counted and kept apart. A key that one side leaves out is read as the trainer's default
where that is known (`trainer_defaults`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias

from ft_registry.model.trainer_defaults import default_of

ChangeKind: TypeAlias = Literal["changed", "added", "removed", "default", "noise"]
"""``default``: left out on one side, and the other has the trainer's own; ``noise``: no matter."""
Step: TypeAlias = str | int

_NOISE = re.compile(
    r"output_dir|overwrite_.*|run_name|logging.*|log_(level.*|every.*|interval|steps|freq.*|dir|on_each_node)|disable_tqdm|report_to|hub_.*|push_to_hub.*"
    r"|project|trackio.*|wandb.*|mlflow.*|tensorboard.*|comet.*|cache_dir|ddp_.*|local_rank"
    r"|device|device_map|use_cpu|no_cuda|dataloader_(num_workers|pin_memory|persistent_workers"
    r"|prefetch_factor|multiprocessing_context)|(dataset_|preprocessing_)?num_proc"
    r"|(preprocessing_)?num_workers|save_total_limit|save_on_each_node|skip_memory_metrics|debug"
    r"|include_num_input_tokens_seen|peft_version|inference_mode|transformers_version"
)
_SECRET = re.compile(
    r"(hub_|push_to_hub_|hf_|auth_|access_|api_)token|.*(api_?key|password|secret)"
)
_UNORDERED = {
    "target_modules", "modules_to_save", "exclude_modules", "target_parameters", "lora_targets",
    "lora_target_modules", "lora_modules_to_save", "targets",
}  # fmt: skip
_NAMES = ("name", "path", "id")
"""Keys that may name the entries of a list."""
_LOCAL = re.compile(r"(file://)?(/|~/|\.\.?/|[A-Za-z]:[\\/])\S*")
HIDDEN = "***"
"""Stands for what is secret."""


class _Absent:
    """What stands for a key that is not there; null is a value."""


_ABSENT = _Absent()


@dataclass(frozen=True)
class ConfigChange:
    """One key, one element of a list, or one value that differs."""

    path: tuple[Step, ...]
    before: Any
    """None also where the side lacks it."""
    after: Any
    kind: ChangeKind
    assumed: str = ""
    """Whose default stands for the side that lacks the key; empty: none does."""

    @property
    def name(self) -> str:
        """``train.betas[1]``."""
        text = ""
        for step in self.path:
            is_place = isinstance(step, int) or step.startswith("[")
            text += f"[{step}]" if isinstance(step, int) else step if is_place else f".{step}"
        return text.removeprefix(".")


@dataclass(frozen=True)
class ConfigDiff:
    """How one configuration became another; each part is in order of its paths."""

    changes: tuple[ConfigChange, ...]
    defaults: tuple[ConfigChange, ...]
    """What one side spells out and the other leaves to the trainer, to the same effect."""
    noise: tuple[ConfigChange, ...]
    same: int
    """Values that are equal."""
    renamed: tuple[str, str] | None = None
    """Of a file whose name alone is another, before and after."""


def diff_config_files(
    before: Mapping[str, Any], after: Mapping[str, Any], *, method: str = ""
) -> ConfigDiff:
    """Returns how the configuration of one version became another's.

    Args:
        before: What each file holds, by its name, as records keep it.
        after: The same of the other version.
        method: See `diff_config`.
    """
    gone, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
    renamed = (gone[0], new[0]) if len(gone) == len(new) == 1 else None
    if renamed is not None:
        before = {renamed[1] if name == renamed[0] else name: v for name, v in before.items()}
    return _diff(before, after, method, files=True, renamed=renamed)


def diff_config(before: Any, after: Any, *, method: str = "") -> ConfigDiff:
    """Returns how one tree of values became another.

    Args:
        before: JSON values.
        after: JSON values.
        method: How both were trained (``sft``, ``dpo``); it decides which trainer's defaults count.
    """
    return _diff(before, after, method)


def _diff(
    before: Any,
    after: Any,
    method: str,
    *,
    files: bool = False,
    renamed: tuple[str, str] | None = None,
) -> ConfigDiff:
    found: list[ConfigChange] = []
    same = 0
    # A stack, not a recursion: a configuration may be nested as deeply as JSON was read.
    pending: list[_Place] = [_Place((), before, after)]
    while pending:
        place = pending.pop()
        inner = place.inner()
        if inner is not None:
            pending.extend(inner)
        elif _equal(place.before, place.after):
            same += 1
        else:
            found.append(_change(place, method, skip=1 if files else 0))
    found.sort(key=lambda change: [_order(step) for step in change.path])
    return ConfigDiff(
        changes=tuple(one for one in found if one.kind not in ("default", "noise")),
        defaults=tuple(one for one in found if one.kind == "default"),
        noise=tuple(one for one in found if one.kind == "noise"),
        same=same,
        renamed=renamed,
    )


def _order(step: Step) -> tuple[bool, int, str]:
    return (False, step, "") if isinstance(step, int) else (True, 0, step)


@dataclass(frozen=True)
class _Place:
    """A place in both trees, with what is there."""

    path: tuple[Step, ...]
    before: Any
    after: Any
    section: frozenset[str] = frozenset()
    """The keys beside it, of both sides; empty where a side has no such section."""

    def inner(self) -> "list[_Place] | None":
        """Returns the places inside; None: it is compared as it is."""
        before, after = self.before, self.after
        if isinstance(before, dict) or isinstance(after, dict):
            return self._keys()
        if isinstance(before, list) or isinstance(after, list):
            return self._entries()
        return None

    def _keys(self) -> "list[_Place] | None":
        sides = (self.before, self.after)
        if not all(isinstance(side, dict | _Absent) for side in sides):
            return None
        old, new = ({} if isinstance(side, _Absent) else side for side in sides)
        keys = old.keys() | new.keys()
        if not keys:
            return None
        # A section that one side lacks as a whole says nothing about its keys.
        both = all(isinstance(side, dict) for side in sides)
        section = frozenset(keys) if both else frozenset()
        return [
            _Place((*self.path, key), old.get(key, _ABSENT), new.get(key, _ABSENT), section)
            for key in keys
        ]

    def _entries(self) -> "list[_Place] | None":
        before, after = self.before, self.after
        if not isinstance(before, list) or not isinstance(after, list):
            return None
        if self._is_set():
            return self._elements(before, after)
        if (key := _naming_key(before, after)) is not None:
            return self._named(before, after, key)
        if len(before) != len(after) or not before:
            return None
        return [
            _Place((*self.path, at), old, new)
            for at, (old, new) in enumerate(zip(before, after, strict=True))
        ]

    def _is_set(self) -> bool:
        if not self.path or self.path[-1] not in _UNORDERED or not (self.before or self.after):
            return False
        values = [*self.before, *self.after]
        return all(isinstance(value, str) for value in values)

    def _elements(self, before: list[str], after: list[str]) -> "list[_Place]":
        old, new = set(before), set(after)
        return [
            _Place(
                (*self.path, f"[{name}]"),
                name if name in old else _ABSENT,
                name if name in new else _ABSENT,
            )
            for name in old | new
        ]

    def _named(self, before: list[Any], after: list[Any], key: str) -> "list[_Place]":
        old, new = ({entry[key]: entry for entry in side} for side in (before, after))
        found = [
            _Place(
                (*self.path, f"[{name}]"), old.get(name, _ABSENT), new.get(name, _ABSENT)
            )
            for name in old.keys() | new.keys()
        ]  # fmt: skip
        orders = [name for name in old if name in new], [name for name in new if name in old]
        if orders[0] != orders[1]:  # the order of a mixture may matter
            found.append(_Place((*self.path, "[order]"), _Order(orders[0]), _Order(orders[1])))
        return found


class _Order(tuple[str, ...]):
    """The names of a list's entries in their order: compared as one value."""

    __slots__ = ()


def _naming_key(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    """Returns the key that names every entry of both lists, differently within each."""
    entries = [*before, *after]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        return None
    for key in _NAMES:
        names = [[entry.get(key) for entry in side] for side in (before, after)]
        texts = all(isinstance(name, str) for side in names for name in side)
        if texts and all(len(set(side)) == len(side) for side in names):
            return key
    return None


def _equal(before: Any, after: Any) -> bool:
    """Returns whether two values mean the same: 1 is 1.0, true is not 1."""
    pending = [(before, after)]
    while pending:
        one, other = pending.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pending.extend((one[key], other[key]) for key in one)
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif not _same_value(one, other):
            return False
    return True


def _same_value(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _change(place: _Place, method: str, *, skip: int) -> ConfigChange:
    key = place.path[-1] if place.path else ""
    before, after, assumed = place.before, place.after, ""
    if (isinstance(before, _Absent) or isinstance(after, _Absent)) and isinstance(key, str):
        default = default_of(key, place.section, method)
        if default is not None:
            assumed = default.source
            before = default.value if isinstance(before, _Absent) else before
            after = default.value if isinstance(after, _Absent) else after
    kind: ChangeKind = "changed"
    if _is_noise(place.path[skip:], before, after):
        kind = "noise"
    elif assumed and _equal(before, after):
        kind = "default"
    elif isinstance(before, _Absent):
        kind = "added"
    elif isinstance(after, _Absent):
        kind = "removed"
    hidden = any(isinstance(step, str) and is_secret(step) for step in place.path)
    old, new = (_shown(value, hidden=hidden) for value in (before, after))
    return ConfigChange(place.path, old, new, kind, assumed)


def is_secret(name: str) -> bool:
    """Returns whether a key's value is nobody's business: a token, a password."""
    return bool(_SECRET.fullmatch(name))


def _shown(value: Any, *, hidden: bool) -> Any:
    if isinstance(value, _Absent) or value is None:
        return None
    if hidden:
        return HIDDEN
    return list(value) if isinstance(value, _Order) else value


def _is_noise(path: Sequence[Step], before: Any, after: Any) -> bool:
    if any(isinstance(step, str) and _NOISE.fullmatch(step) for step in path):
        return True
    # The same folder on another machine; another folder is another thing.
    names = [_local_name(value) for value in (before, after)]
    return bool(names[0]) and names[0] == names[1]


def _local_name(value: Any) -> str:
    if not isinstance(value, str) or not _LOCAL.fullmatch(value):
        return ""
    return PurePosixPath(value.removeprefix("file://").replace("\\", "/")).name
