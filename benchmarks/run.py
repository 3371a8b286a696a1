"""Measures ft-registry beside what it is built on.

    python benchmarks/run.py [--rounds N] [--markdown] [--small] [NAME]...

Names: start_up, ledger, listing, registering, snapshots, examples, verifying, evaluations, gates,
pages; without one, all of them, which takes an hour. Everything happens in temporary folders, which
need 10 GB for the largest question.
"""

import argparse
import compileall
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import evaluations
import examples
import gates
import ledger
import listing
import pages
import registering
import snapshots
import start_up
import verifying
from lab import Lab, laboratory
from measure import Plan, Result
from report import as_markdown, as_text

import ft_registry
import ft_registry_cli

_QUESTIONS: Mapping[str, Callable[[Lab, Plan], Iterator[Result]]] = {
    "start_up": start_up.answers,
    "ledger": ledger.answers,
    "listing": listing.answers,
    "registering": registering.answers,
    "snapshots": snapshots.answers,
    "examples": examples.answers,
    "verifying": verifying.answers,
    "evaluations": evaluations.answers,
    "gates": gates.answers,
    "pages": pages.answers,
}
_PEERS = ("mlflow", "dvc", "gto", "model-signing", "typer", "gitpython", "pydantic")


def main() -> int:
    """Runs what was asked for; the exit code is 1 when a target is missed."""
    arguments = _parse()
    _compile()
    if missing := [
        name for name in ("dvc", "gto", "mlflow", "model_signing") if not _is_there(name)
    ]:
        sys.exit(f"expected {', '.join(missing)} beside {sys.executable}: make bench installs them")
    print(f"{_machine()}\n", flush=True)
    plan = Plan(rounds=arguments.rounds, small=arguments.small)
    show = as_markdown if arguments.markdown else as_text
    missed = 0
    for name in arguments.names or _QUESTIONS:
        try:
            with laboratory() as lab:
                for result in _QUESTIONS[name](lab, plan):
                    print(show(result), flush=True)
                    missed += sum(not outcome.met for outcome in result.outcomes)
        except RuntimeError as error:
            print(f"{name} stops: {error}", file=sys.stderr)
            missed += 1
    if missed:
        print(f"{missed} target{'s' if missed > 1 else ''} missed", file=sys.stderr)
    return 1 if missed else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures ft-registry beside what it is built on.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_QUESTIONS))
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each question [7]")
    parser.add_argument("--markdown", action="store_true", help="print sections of a page")
    parser.add_argument("--small", action="store_true", help="small files: to try the benchmarks")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(_QUESTIONS)):
        parser.error(f"no such question: {', '.join(unknown)}")
    if arguments.rounds < 1:
        parser.error(f"expected a number of rounds from 1, found {arguments.rounds}")
    return arguments


def _compile() -> None:
    """Compiles our modules, as an installer does: on some machines running them does not."""
    for package in (ft_registry, ft_registry_cli):
        compileall.compile_dir(Path(package.__path__[0]), quiet=1)


def _is_there(program: str) -> bool:
    return shutil.which(program, path=str(Path(sys.executable).parent)) is not None


def _machine() -> str:
    peers = ", ".join(f"{name} {version(name)}" for name in _PEERS)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"load {load:.1f}; {peers}"
    )


if __name__ == "__main__":
    sys.exit(main())
