"""Captures what a training run is given, before it starts; writes nothing."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ft_registry.actions.config_files import config_files
from ft_registry.actions.datasets import DataArgument, name_datasets, read_dataset
from ft_registry.actions.secrecy import exempt_secrets, secrets_in_inputs
from ft_registry.model.document import Unknown
from ft_registry.model.names import model_name
from ft_registry.model.record import Config, Environment, Exemption
from ft_registry.model.registered import PackageList
from ft_registry.model.run_document import RunCode
from ft_registry.model.snapshot import Dataset
from ft_registry.ports.context import Context
from ft_registry.ports.runs import DataReader, Launcher, RunStore
from ft_registry.readers.params import read_config_files


@dataclass(frozen=True)
class RunRequest:
    """What a person asks to run."""

    command: tuple[str, ...]
    model: str | None = None
    data: tuple[DataArgument, ...] = ()
    configs: tuple[Path, ...] = ()
    allow_secret: str | None = None
    """Why what looks like a secret is taken; None: it is refused."""


@dataclass(frozen=True)
class Surroundings:
    """What a run is captured from: a repository, or a folder without one."""

    top: Path
    data: DataReader
    code: Callable[[], tuple[RunCode, bytes]]
    """Returns the code, and the patch from its commit to the files."""
    context: Context
    runs: Callable[[], RunStore]
    """Made when the request has proved to be sound."""
    launcher: Launcher
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFacts:
    """What a run is given."""

    model: str | None
    command: tuple[str, ...]
    data: tuple[Dataset, ...]
    code: RunCode
    patch: bytes
    config: Config
    environment: Environment
    packages: PackageList
    exemptions: tuple[Exemption, ...] = ()


def capture_run(request: RunRequest, around: Surroundings) -> RunFacts:
    """Returns what the run is given, every byte of its data hashed.

    Raises:
        InvalidInput, NotFound, Refused, IntegrityError, NotARegistry: It cannot be put on record as
            it is.
    """
    if request.model is not None:
        model_name(request.model)
    around.launcher.check(request.command)
    config = read_config_files(config_files(request.configs, around.top))
    code, patch = around.code()
    command = _as_text(request.command)
    exemptions = exempt_secrets(secrets_in_inputs(config, command, patch), request.allow_secret)
    named = [_without_suffix(argument) for argument in request.data]
    data = name_datasets([read_dataset(one, around.data) for one in named], lambda _: ())
    facts = around.launcher.facts(request.command, top=around.top)
    packages = PackageList(packages=facts.environment.packages)
    return RunFacts(
        model=request.model,
        command=command,
        data=data,
        code=code,
        patch=patch,
        config=config,
        environment=Environment(
            python=facts.environment.python,
            platform=facts.environment.platform,
            lock=facts.environment.lock or Unknown(unknown="there is no lock file at the top"),
            packages=packages.digest,
            accelerator=facts.accelerator or Unknown(unknown="nvidia-smi named none"),
        ),
        packages=packages,
        exemptions=exemptions,
    )


def _without_suffix(argument: DataArgument) -> DataArgument:
    """Returns the data that a pointer stands for, where the pointer was named."""
    path = argument.path
    return replace(argument, path=path.with_suffix("")) if _is_pointer(path) else argument


def _is_pointer(path: Path) -> bool:
    return path.suffix == ".dvc" and path.is_file()


def _as_text(command: Sequence[str]) -> tuple[str, ...]:
    """Returns words as JSON can hold them, whatever bytes they are made of."""
    return tuple(os.fsencode(word).decode(errors="backslashreplace") for word in command)
