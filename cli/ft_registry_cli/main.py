"""The entry point: runs a command and turns every outcome into text and an exit code."""

import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

import typer

from ft_registry.errors import FtRegistryError
from ft_registry_cli.state import BROKEN_PIPE, printable

_BUG = 70
_INTERRUPTED = 130
_A_MOMENT_SECONDS = 0.01

_GIT_BINDINGS = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
)
"""Set by git for its hooks: they would bind our git commands to the hook's repository."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for name in _GIT_BINDINGS:
        os.environ.pop(name, None)
    _open_streams()
    sys.unraisablehook = _keep_interruption
    _exit(run(given))


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code; errors are printed to the standard error."""
    as_json = "--json" in arguments[: _end_of_options(arguments)]
    try:
        from ft_registry_cli.app import app

        code = app(args=arguments, prog_name="ft-registry", standalone_mode=False)
        if code == _INTERRUPTED:  # typer has caught Ctrl-C, and says nothing
            _report(_explain(KeyboardInterrupt()), as_json=as_json)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:
        return BROKEN_PIPE  # whoever read our output has seen enough
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last stop
        outcome = _explain(error)
        _report(outcome, as_json=as_json)
        return outcome.code


@dataclass(frozen=True)
class _Outcome:
    code: int
    kind: str
    message: str
    hints: Sequence[str] = ()
    preface: str = ""


def _explain(error: BaseException) -> _Outcome:
    if isinstance(error, FtRegistryError):
        return _Outcome(error.exit_code, error.kind, error.message, error.hints)
    if isinstance(error, typer.exceptions.TyperException):
        message = error.format_message()
        if "\n" in message:  # the help, where a command is missing
            return _Outcome(error.exit_code, "usage", "expected a command, found none", (), message)
        hint = "ft-registry COMMAND --help says how it is used"
        return _Outcome(error.exit_code, "usage", message, (hint,))
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        # Not "run it again": a rollback that was on record already would go back further.
        hint = "ft-registry status shows what is on record already, and what sync has to mend"
        return _Outcome(_INTERRUPTED, "interrupted", "interrupted", (hint,))
    if isinstance(error, OSError):
        # A full disk, a folder that may not be read, a name that is too long: no bug of ours.
        what = f"to use {error.filename}" if error.filename else "to write the result"
        message = f"expected {what}, found: {error.strerror or error}"
        return _Outcome(FtRegistryError.exit_code, FtRegistryError.kind, message)
    lines = "".join(traceback.format_exception(error))
    return _Outcome(
        _BUG, "bug", f"{type(error).__name__}: {error}", (f"please report this bug: {lines}",)
    )


def _keep_interruption(lost: "sys.UnraisableHookArgs") -> None:
    """Raises again, a moment later, a Ctrl-C that came where Python drops what is raised.

    In a finalizer, or while a module is imported: Python would print it and go on.
    """
    if issubclass(lost.exc_type, KeyboardInterrupt):
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _A_MOMENT_SECONDS)
    else:
        sys.__unraisablehook__(lost)


def _interrupt(_: int, frame: FrameType | None) -> None:
    if frame is not None and frame.f_code is _keep_interruption.__code__:
        signal.setitimer(signal.ITIMER_REAL, _A_MOMENT_SECONDS)  # still where it would be dropped
    else:
        raise KeyboardInterrupt


def _open_streams() -> None:
    """Puts the null device where a standard stream is closed, and lets any text be printed.

    Else the next file that is opened gets the closed stream's number, and our output.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        else:
            stream.reconfigure(errors="backslashreplace")


def _end_of_options(arguments: list[str]) -> int:
    return arguments.index("--") if "--" in arguments else len(arguments)


def _report(outcome: _Outcome, *, as_json: bool) -> None:
    if as_json:
        error = {"kind": outcome.kind, "message": outcome.message, "hints": list(outcome.hints)}
        print(json.dumps({"error": error}), file=sys.stderr)
        return
    if outcome.preface:
        print(outcome.preface, end="\n\n", file=sys.stderr)
    print(f"error: {printable(outcome.message)}", file=sys.stderr)
    for hint in outcome.hints:
        print(f"hint: {printable(hint)}", file=sys.stderr)


def _exit(code: int) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # Nobody reads it, or its disk is full. Python would try again, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    if "mlflow" in sys.modules or "dvc" in sys.modules:
        # Taking their modules apart costs up to half a second, and nothing is left to be done.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
