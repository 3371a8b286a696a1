"""Reads what an adapter's two factors stand for: the change B·A of a module, times its scale.

As PEFT 0.21 does: the scale is alpha/r, or alpha/sqrt(r) with rsLoRA; ``rank_pattern`` and
``alpha_pattern`` name modules that have their own.
"""

import math
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ft_registry.errors import Refused
from ft_registry.readers.tensors import Tensor
from ft_registry.readers.weights import read_config, read_peft

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FACTOR = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<table>embedding_)?(?P<part>[AB])"
    r"(?:\.(?!weight$|bias$)[^.]+)?(?:\.weight)?"
)
"""PEFT leaves the adapter's name out when it saves; others leave it in."""
_OTHER_PRODUCTS = ("use_bdlora", "kasa_config", "monteclora_config")
"""Variants of LoRA whose change is another than B·A."""
_OWN_BASES = ("pissa", "olora", "corda", "loftq", "lora_ga", "eva")
_PLAIN = re.compile(r"[\w.-]+")
_QUANTIFIERS = re.compile(r"(?<![\\(])[*+?{]")
_GROUPS = re.compile(r"(?<!\\)\(")
_QUANTIFIED_GROUP = re.compile(r"\)[*+{]")
_LONGEST = 500
"""Of a pattern and of a name that is tried, in characters."""


@dataclass(frozen=True)
class Adapter:
    """What ``adapter_config.json`` says about the factors."""

    peft_type: str
    rank: int
    alpha: float
    targets: tuple[str, ...]
    base: str
    """The base model's name or folder; empty: not said."""
    revision: str
    """Of the base; empty: not said."""
    use_rslora: bool
    use_dora: bool
    rank_pattern: Mapping[str, int] = field(repr=False)
    alpha_pattern: Mapping[str, float] = field(repr=False)
    notes: tuple[str, ...] = ()
    """What keeps the products from telling all."""
    has_products: bool = True
    """Whether the change of a module is the product of its factors."""

    def rank_of(self, module: str) -> int:
        """Returns the rank that a module should have."""
        return self.rank_pattern.get(_match(self.rank_pattern, module), self.rank)

    def scale_of(self, module: str) -> float:
        """Returns what the product of a module's factors is multiplied by."""
        rank = self.rank_of(module)
        alpha = self.alpha_pattern.get(_match(self.alpha_pattern, module), self.alpha)
        return alpha / (math.sqrt(rank) if self.use_rslora else rank)


def read_adapter(root: Path) -> Adapter:
    """Returns what shapes the adapter in a folder.

    Raises:
        NotFound: There is no ``adapter_config.json``.
        Refused: It is not what PEFT writes.
    """
    place = root / "adapter_config.json"
    settings, config = read_peft(root), read_config(place)
    targets = settings.target_modules or []
    rank = settings.r if settings.r is not None else 8  # PEFT's own default, and that of alpha
    if rank < 1:
        raise Refused(f"expected a rank of 1 or more in {place}, found {rank}")
    dora, initial = config.get("use_dora") is True, config.get("init_lora_weights")
    others = [name for name in _OTHER_PRODUCTS if config.get(name)]
    notes = []
    if settings.peft_type != "LORA":
        notes.append(f"{settings.peft_type}: compared tensor by tensor, not as products of factors")
    elif others:
        notes.append(f"{', '.join(others)}: compared tensor by tensor, not as products of factors")
    if dora:
        notes.append("DoRA: what a product does to the weights depends on magnitudes and base too")
    if isinstance(initial, str) and initial.lower().startswith(_OWN_BASES):
        notes.append(f"{initial}: training began at a product that was taken out of the base")
    return Adapter(
        peft_type=settings.peft_type,
        rank=rank,
        alpha=settings.lora_alpha if settings.lora_alpha is not None else 8.0,
        targets=(targets,) if isinstance(targets, str) else tuple(targets),
        base=_text(config.get("base_model_name_or_path")),
        revision=_text(config.get("revision")),
        use_rslora=config.get("use_rslora") is True,
        use_dora=dora,
        rank_pattern={key: int(n) for key, n in _pattern(config, "rank_pattern", place).items()},
        alpha_pattern=_pattern(config, "alpha_pattern", place),
        notes=tuple(notes),
        has_products=settings.peft_type == "LORA" and not others,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _pattern(config: Mapping[str, Any], name: str, place: Path) -> dict[str, float]:
    value = config.get(name) or {}
    if not isinstance(value, dict):
        raise Refused(f"expected a mapping {name} in {place}, found {value!r}"[:300])
    for key, number in value.items():
        _check_pattern(key, f"{name} in {place}")
        kinds = int if name == "rank_pattern" else int | float
        is_number = isinstance(number, kinds) and not isinstance(number, bool)
        if not is_number or not math.isfinite(number) or (kinds is int and number < 1):
            raise Refused(f"expected a number for {key!r} of {name} in {place}, found {number!r}")
    return value


def _check_pattern(key: str, where: str) -> None:
    """Refuses an expression that could take for ever to try."""
    if _PLAIN.fullmatch(key) and len(key) <= _LONGEST:
        return
    try:
        re.compile(key)
    except (re.error, RecursionError, OverflowError) as error:
        raise Refused(f"expected a regular expression in {where}, found {key[:99]!r}") from error
    is_slow = (
        _QUANTIFIED_GROUP.search(key)
        or len(_QUANTIFIERS.findall(key)) > 3
        or len(_GROUPS.findall(key)) > 4
    )
    if is_slow or len(key) > _LONGEST:
        raise Refused(
            f"expected names of modules or short expressions in {where}, found {key[:99]!r}",
            hints=["three of * + ? {, four groups, none repeated: more can take for ever to try"],
        )


def _match(patterns: Iterable[str], module: str) -> str:
    """Returns the first pattern that fits, as PEFT finds it; else the module."""
    return next((key for key in patterns if _fits(key, module)), module)


def _fits(key: str, module: str) -> bool:
    if _PLAIN.fullmatch(key):  # PEFT writes a name for each module: too many to compile
        return module == key or module.endswith(f".{key}")
    return len(module) <= _LONGEST and bool(_compiled(key).match(module))


@lru_cache
def _compiled(key: str) -> re.Pattern[str]:
    return re.compile(rf"(.*\.)?({key})$")


@dataclass(frozen=True)
class Pair:
    """The two factors of a module's change."""

    a: Tensor
    b: Tensor
    scale: float

    @property
    def rank(self) -> int:
        """The rank of the product, at most."""
        return self.a.shape[0]

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """Both factors."""
        return self.a, self.b

    @property
    def outer(self) -> tuple[int, int]:
        """The shape of the product."""
        return self.b.shape[0], math.prod(self.a.shape[1:])

    def factors(self) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Returns B times the scale, and A.

        Raises:
            NotFound, IntegrityError: See `Tensor.blocks`.
        """
        b = self.b.values().reshape(self.b.shape[0], self.rank)
        b *= self.scale
        return b, self.a.values().reshape(self.rank, -1)


def find_odd(tensors: Mapping[str, Tensor], adapter: Adapter | None) -> set[str]:
    """Returns the modules whose factors make no product of the rank that is configured.

    The factors of all experts of a module lie in one tensor each, and their product means nothing.

    Args:
        tensors: By name.
        adapter: None: no tensor is taken as a factor.
    """
    return {
        module
        for module, parts in _factors(tensors, adapter).items()
        if _pair(module, parts, adapter) is None
    }


def pair_up(
    tensors: Mapping[str, Tensor], adapter: Adapter | None, odd: Container[str]
) -> tuple[dict[str, Pair], dict[str, Tensor]]:
    """Returns the pairs of factors, and the tensors that are none, by module.

    Args:
        tensors: By name.
        adapter: None: no tensor is taken as a factor.
        odd: Modules whose factors are left as they are.
    """
    pairs = {
        module: pair
        for module, parts in _factors(tensors, adapter).items()
        if module not in odd and (pair := _pair(module, parts, adapter))
    }
    paired = {tensor.name for pair in pairs.values() for tensor in pair.tensors}
    rest = {name: tensor for name, tensor in tensors.items() if name not in paired}
    short = {
        name.removeprefix("base_model.model.").removesuffix(".weight"): tensor
        for name, tensor in rest.items()
    }
    # `x` and `x.weight` may both be there.
    return pairs, short if len(short) == len(rest) else rest


def _factors(
    tensors: Mapping[str, Tensor], adapter: Adapter | None
) -> dict[str, dict[str, Tensor]]:
    return {} if adapter is None else factors_of(tensors)


def factors_of(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Returns the factors of each module, ``A`` and ``B``, as far as they are there."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if factor := FACTOR.fullmatch(name):
            found.setdefault(factor["module"], {})[factor["part"]] = tensor
    return found


def _pair(module: str, parts: Mapping[str, Tensor], adapter: Adapter | None) -> Pair | None:
    a, b = parts.get("A"), parts.get("B")
    if a is None or b is None or adapter is None or not _fit(a, b):
        return None
    if a.shape[0] != adapter.rank_of(module):
        return None
    return Pair(a, b, adapter.scale_of(module))


def _fit(a: Tensor, b: Tensor) -> bool:
    """Returns whether the factors have values and a product; those of a convolution do as well."""
    return (
        a.has_values
        and b.has_values
        and len(a.shape) >= 2
        and len(b.shape) >= 2
        and a.count > 0
        and b.count > 0
        and b.shape[1] == a.shape[0]
        and all(size == 1 for size in b.shape[2:])
    )
