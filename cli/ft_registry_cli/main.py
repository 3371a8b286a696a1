"""The entry point: runs a command and turns every outcome into text and an exit code."""

import json
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from ft_registry.errors import FtRegistryError

_BUG = 70
_INTERRUPTED = 130
_BROKEN_PIPE = 141

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
    _exit(run(given))


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code; errors are printed to the standard error."""
    from ft_registry_cli.app import app

    as_json = "--json" in arguments[: _end_of_options(arguments)]
    try:
        code = app(args=arguments, prog_name="ft-registry", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except FtRegistryError as error:
        _report(error.kind, error.message, error.hints, as_json=as_json)
        return error.exit_code
    except typer.exceptions.TyperException as error:
        message = error.format_message()
        hints = () if "\n" in message else ("ft-registry COMMAND --help says how it is used",)
        _report("usage", message or "expected a command", hints, as_json=as_json)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        _report("interrupted", "interrupted; run the command again", (), as_json=as_json)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; a second flush at exit would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - the last stop: what arrives here is our bug
        traceback.print_exc()
        hints = ("this is a bug of ft-registry: please report the lines above",)
        _report("bug", f"{type(error).__name__}: {error}", hints, as_json=as_json)
        return _BUG


def _end_of_options(arguments: list[str]) -> int:
    return arguments.index("--") if "--" in arguments else len(arguments)


def _report(kind: str, message: str, hints: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        document = {"error": {"kind": kind, "message": message, "hints": list(hints)}}
        print(json.dumps(document), file=sys.stderr)
        return
    print(f"error: {message}", file=sys.stderr)
    for hint in hints:
        print(f"hint: {hint}", file=sys.stderr)


def _exit(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    if "mlflow" in sys.modules:
        # Taking its 1,800 modules apart costs half a second, and nothing is left to be done.
        os._exit(code)
    sys.exit(code)
