"""Runs a suite on a version: fetches its weights, runs the suite's command, reads what it wrote."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ft_registry.actions.homes import home_of
from ft_registry.actions.resolve import FiledRecord, read_record, resolve
from ft_registry.errors import FtRegistryError, IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.model.config import SuiteSettings
from ft_registry.model.reference import Reference
from ft_registry.ports.artifacts import ArtifactStore
from ft_registry.ports.ledger import Ledger
from ft_registry.ports.recipe import Runner, RunSettings
from ft_registry.readers.files import hash_folder

_PLACE = re.compile(r"\{([A-Za-z_]*)\}")
_PLACES = ("weights", "model", "out", "ref")


@dataclass(frozen=True)
class SuiteRun:
    """What a suite is run with."""

    suite: str
    settings: SuiteSettings
    top: Path
    """The folder that the command runs in."""
    scratch: Path
    passed: tuple[str, ...]
    """Variables of the environment that the command gets."""
    home: Path
    tell: Callable[[str], None]


def find_suite(suites: Mapping[str, SuiteSettings], name: str) -> SuiteSettings:
    """Returns a suite that the settings name.

    Raises:
        NotFound: There is none of the name.
        InvalidInput: It has no command, or one with an unknown placeholder.
    """
    found = suites.get(name)
    if found is None:
        raise NotFound(
            f"expected a suite, found no {name!r} in the settings",
            hints=[
                f"suites: {', '.join(sorted(suites)) or 'none yet'}",
                f"[tool.ft-registry.suites.{name}] in pyproject.toml names one, with cmd = ...",
            ],
        )
    if not found.cmd:
        raise InvalidInput(
            f"expected the suite {name} to say how it is run, found no cmd",
            hints=[
                'cmd = "python evaluate.py --adapter {weights} --out {out}" in its settings',
                "ft-registry eval add REF FILE takes what an evaluator wrote elsewhere",
            ],
        )
    unknown = sorted(set(_PLACE.findall(found.cmd)) - set(_PLACES))
    if unknown or "{out}" not in found.cmd:
        what = f"{{{unknown[0]}}}" if unknown else "no {out}"
        raise InvalidInput(
            f"expected the command of the suite {name} with {{out}}, and of placeholders "
            f"{', '.join(f'{{{place}}}' for place in _PLACES)}, found {what}",
            hints=["{out} is where the command writes its scores: a file, or a folder"],
        )
    return found


@contextmanager
def run_suite(
    run: SuiteRun, reference: Reference, *, ledger: Ledger, artifacts: ArtifactStore, runner: Runner
) -> Iterator[Path]:
    """Yields what the suite's command wrote: a file or a folder, gone afterwards.

    Raises:
        NotFound: The reference names nothing, or the command wrote nothing.
        Refused: The command is for weights that are here, and a service keeps them, or the reverse.
        IntegrityError: The weights are not what was recorded.
        FtRegistryError: The command failed.
    """
    filed = read_record(ledger, resolve(ledger, reference))
    hosted = filed.record.artifact.hosted
    _check_places(run, filed)
    run.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="suite-", dir=run.scratch) as folder:
        weights = _fetch(filed, Path(folder) / "version", ledger, artifacts)
        out = Path(folder) / "out"
        places = {"weights": str(weights), "out": str(out), "ref": filed.record.reference}
        places["model"] = hosted.model if hosted is not None else ""
        command = _PLACE.sub(lambda found: shlex.quote(places[found[1]]), run.settings.cmd)
        run.tell(f"running {run.settings.cmd}")
        settings = RunSettings(home=run.home, programs=runner.here(), passed=run.passed)
        ran = runner.run(command, folder=run.top, settings=settings)
        if not ran.ok:
            raise FtRegistryError(
                f"expected the command of the suite {run.suite} to end with 0, found {ran.status}",
                hints=["what it printed says why; nothing was put on record", f"it is: {command}"],
            )
        if not out.exists():
            raise NotFound(
                f"expected the command of the suite {run.suite} to write its scores to {{out}}, "
                "found nothing there",
                hints=[f"it is: {run.settings.cmd}"],
            )
        yield out


def _check_places(run: SuiteRun, filed: FiledRecord) -> None:
    reference, hosted = filed.record.reference, filed.record.artifact.hosted
    used = set(_PLACE.findall(run.settings.cmd))
    if hosted is not None and "weights" in used:
        raise Refused(
            f"expected the suite {run.suite} to ask {hosted.service} for {reference}, found "
            f"{{weights}} in its command: {hosted.service} keeps them",
            hints=["{model} is what the service is asked for"],
        )
    if hosted is None and "model" in used:
        raise Refused(
            f"expected a hosted version for {{model}} of the suite {run.suite}, found {reference}, "
            f"of kind {filed.record.kind}",
            hints=["{weights} is a folder with its weights"],
        )


def _fetch(filed: FiledRecord, into: Path, ledger: Ledger, artifacts: ArtifactStore) -> Path:
    """Returns a copy of the weights: the command may write into it."""
    artifact = filed.record.artifact
    names = [f"{artifact.folder}/{entry.path}" for entry in artifact.files]
    artifacts.fetch(home_of(ledger, filed), names, into)
    if hash_folder(into / artifact.folder) != artifact.files:
        raise IntegrityError(
            f"expected the weights of {filed.record.reference} as they were recorded, found other "
            "bytes",
            hints=[f"ft-registry verify {filed.record.reference} says which"],
        )
    return into / artifact.folder
