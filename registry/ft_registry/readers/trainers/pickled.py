"""Reads a pickle's values without running it: its opcodes are followed, no name is looked up.

The machine knows the opcodes that settings need and no others. Where a pickle would call a function
or make an object, the name is written down. Whether that name is harmless is decided here as well:
what calls a function is refused, for whoever loads such a file in earnest runs it.
"""

import pickletools
import re
import sys
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_OPCODES = 400_000
_HARMLESS = re.compile(
    r"builtins\.(set|frozenset|list|dict|tuple|bytearray|complex|object|str|int|float"
    r"|bool|bytes|slice|range)|collections\.(OrderedDict|defaultdict|deque|Counter)"
    r"|pathlib\.\w*Path|pathlib\._local\.\w*Path|datetime\.(datetime|date|time|timedelta|timezone)"
    r"|copyreg\._reconstructor|_codecs\.encode|argparse\.Namespace"
    r"|types\.SimpleNamespace|functools\.partial|decimal\.Decimal|uuid\.UUID|enum\.[A-Z]\w*"
    r"|torch\._utils\._rebuild_(?!from_type)\w+|torch\.(device|dtype|Size)"
)
"""What may be made or called though it is of the standard library, or a function.

``_rebuild_from_type`` calls whatever function it is given.
"""
_METHODS = re.compile(r"__\w+__|append|extend|add")
"""Attributes of an object that loading a pickle may call, if they are in its state."""
_CLASS = re.compile(r"(?!.*\bPopen\b)_*[A-Z]\w*(\._*[A-Z]\w*)*")
"""``Popen`` starts a program, under whatever module it is found."""


class Unreadable(Exception):
    """A pickle holds what settings do not need; the text says what."""


@dataclass(frozen=True)
class Name:
    """A class or function as a pickle names it: never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        """Returns ``trl.trainer.sft_config.SFTConfig``."""
        return f"{self.module}.{self.name}"

    @property
    def is_harmless(self) -> bool:
        """Whether an object of it may be made: a class, and none of the standard library's."""
        if _HARMLESS.fullmatch(str(self)):
            return True
        return bool(_CLASS.fullmatch(self.name)) and not self.is_of_python

    @property
    def is_of_python(self) -> bool:
        """Whether it is of the standard library."""
        return self.module.partition(".")[0] in sys.stdlib_module_names


@dataclass(eq=False)
class Made:
    """An object that loading the pickle would make, with what it would be made of."""

    of: Any
    arguments: Any
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)


class _Mark:
    """Where on the stack a group begins."""


_MARK = _Mark()


@dataclass
class Pickle:
    """What following a pickle's opcodes found."""

    value: Any = None
    calls: list[str] = field(default_factory=list)
    """What it would run, each once, in order."""
    fault: str = ""
    """Why it could not be followed to its end; empty: it was."""
    end: int = 0
    """Of its last byte, exclusive."""


def follow(content: bytes, start: int = 0) -> Pickle:
    """Follows a pickle's opcodes, and runs nothing."""
    machine = _Machine(content[start:] if start else content)
    try:
        machine.run()
    except Unreadable as error:
        machine.found.fault = str(error)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        machine.found.fault = f"it is damaged ({str(error)[:80] or type(error).__name__})"
    machine.found.end += start
    return machine.found


class _Machine:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self.found = Pickle()

    def run(self) -> None:
        for count, (opcode, argument, at) in enumerate(pickletools.genops(self._content)):
            if count > _OPCODES:
                raise Unreadable(f"more than {_OPCODES} opcodes")
            if opcode.name == "STOP":
                self.found.value, self.found.end = self._stack.pop(), (at or 0) + 1
                return
            if opcode.name in _IGNORED:
                continue
            if opcode.name in _LITERALS:
                self._stack.append(argument)
            elif (act := _ACTS.get(opcode.name)) is not None:
                act(self, argument)
            else:
                raise Unreadable(f"opcode {opcode.name}, which settings do not need")

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise Unreadable("a group without a content")
        return value

    def group(self) -> list[Any]:
        """Takes what stands above the last mark, and the mark."""
        items: list[Any] = []
        while (value := self._stack.pop()) is not _MARK:
            items.append(value)
        return items[::-1]

    def remember(self, place: Any) -> None:
        self._memo[len(self._memo) if place is None else place] = self._stack[-1]

    def recall(self, place: Any) -> None:
        self._stack.append(self._memo[place])

    def name(self, argument: Any) -> None:
        module, _, name = str(argument).partition(" ")
        # Pickles of older protocols name modules as Python 2 did, and are read so.
        module, name = NAME_MAPPING.get((module, name), (module, name))
        self.refer(Name(IMPORT_MAPPING.get(module, module), name))

    def name_of_stack(self, _: Any) -> None:
        name, module = self.pop(), self.pop()
        self.refer(Name(str(module), str(name)))

    def refer(self, to: Name) -> None:
        """Takes up a name; settings have no use for one of Python's own that does something.

        There are many ways to have a thing called that was only named: as a method in the state of
        an object, say, or by another class as the base of `copyreg._reconstructor`.
        """
        if to.is_of_python and not to.is_harmless:
            self.would_run(to)
        self.push(to)

    def would_run(self, what: Any) -> None:
        shown = str(what.of if isinstance(what, Made) else what)
        if shown not in self.found.calls:
            self.found.calls.append(shown)

    def make(self, arguments: Any, of: Any) -> None:
        inner = arguments[0] if isinstance(arguments, tuple) and arguments else None
        if isinstance(of, Name) and of.name == "_reconstructor" and isinstance(inner, Name):
            of, arguments = inner, ()  # what older protocols make an object of a class by
        if not (isinstance(of, Name) and of.is_harmless):
            self.would_run(of)
        self.push(Made(of, arguments))

    def reduce(self, _: Any) -> None:
        arguments, of = self.pop(), self.pop()
        self.make(arguments, of)

    def make_with_names(self, _: Any) -> None:
        names, arguments, of = self.pop(), self.pop(), self.pop()
        self.make((*arguments, names), of)

    def instance(self, argument: Any) -> None:
        self.name(argument)
        of = self.pop()
        self.make(tuple(self.group()), of)

    def object(self, _: Any) -> None:
        of, *arguments = self.group()
        self.make(tuple(arguments), of)

    def build(self, _: Any) -> None:
        state, target = self.pop(), self._stack[-1]
        if isinstance(target, Name):
            self.would_run(target)  # a class that is given other methods
        parts = state if isinstance(state, tuple) else (state,)
        for key, value in (
            pair for part in parts if isinstance(part, dict) for pair in part.items()
        ):
            if isinstance(value, Name | Made) and _METHODS.fullmatch(str(key)):
                self.would_run(value)
        if isinstance(target, Made):
            target.state = state

    def set_items(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        items = target.items if isinstance(target, Made) else target
        items.update(zip(map(_key, pairs[::2]), pairs[1::2], strict=True))

    def append(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Made):
            target.items.update(enumerate(values, len(target.items)))
        elif isinstance(target, set):
            target.update(map(_key, values))
        else:
            target.extend(values)

    def tuple_of(self, count: int) -> None:
        values = [self.pop() for _ in range(count)]
        self.push(tuple(values[::-1]))

    def set_item(self, _: Any) -> None:
        value, key = self.pop(), self.pop()
        self.set_items([key, value])

    def mapping(self, _: Any) -> None:
        pairs = self.group()
        self.push({})
        self.set_items(pairs)

    def drop(self, _: Any) -> None:
        self._stack.pop()

    def drop_group(self, _: Any) -> None:
        self.group()


def _key(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | bytes | None) else str(value)


_IGNORED = {"PROTO", "FRAME"}
_LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
_ACTS: dict[str, Callable[[_Machine, Any], None]] = {
    "NONE": lambda m, _: m.push(None),
    "NEWTRUE": lambda m, _: m.push(True),
    "NEWFALSE": lambda m, _: m.push(False),
    "EMPTY_DICT": lambda m, _: m.push({}),
    "EMPTY_LIST": lambda m, _: m.push([]),
    "EMPTY_TUPLE": lambda m, _: m.push(()),
    "EMPTY_SET": lambda m, _: m.push(set()),
    "MARK": lambda m, _: m.push(_MARK),
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_group,
    "TUPLE": lambda m, _: m.push(tuple(m.group())),
    "LIST": lambda m, _: m.push(m.group()),
    "FROZENSET": lambda m, _: m.push(frozenset(map(_key, m.group()))),
    "DICT": _Machine.mapping,
    "TUPLE1": lambda m, _: m.tuple_of(1),
    "TUPLE2": lambda m, _: m.tuple_of(2),
    "TUPLE3": lambda m, _: m.tuple_of(3),
    "APPEND": lambda m, _: m.append([m.pop()]),
    "APPENDS": lambda m, _: m.append(m.group()),
    "ADDITEMS": lambda m, _: m.append(m.group()),
    "SETITEM": _Machine.set_item,
    "SETITEMS": lambda m, _: m.set_items(m.group()),
    "PUT": _Machine.remember, "BINPUT": _Machine.remember, "LONG_BINPUT": _Machine.remember,
    "MEMOIZE": _Machine.remember,
    "GET": _Machine.recall, "BINGET": _Machine.recall, "LONG_BINGET": _Machine.recall,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_of_stack,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.reduce,
    "NEWOBJ_EX": _Machine.make_with_names,
    "INST": _Machine.instance,
    "OBJ": _Machine.object,
    "BUILD": _Machine.build,
    "BINPERSID": lambda m, _: m.push(Made(Name("torch", "Storage"), m.pop())),
}  # fmt: skip
