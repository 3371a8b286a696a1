"""The project's settings: few, and each has a default that works."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

SuiteUse: TypeAlias = Literal[
    "", "format", "knowledge", "shorter-prompt", "values", "safety", "regression"
]
"""What a suite is for: one of the four uses of fine-tuning (a format, domain knowledge, a shorter
prompt, alignment with values), or what must not suffer from it. Empty: nobody said."""


_SITE = r"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$"
"""An address without login, question or fragment: paths follow it, and everybody sees it."""


class SuiteSettings(BaseModel):
    """``[tool.ft-registry.suites.NAME]``: what a suite measures, and how it is run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cmd: str = ""
    """The command, run at the top level: ``{weights}`` is a folder with the version's weights
    (of a hosted version ``{model}`` is what the service is asked for), ``{out}`` is where it
    writes its scores, ``{ref}`` is ``name/7``."""
    metric: str = ""
    """The one that counts most."""
    higher_is_better: bool | None = None
    """Of that metric, where the evaluator does not say."""
    data: str = ""
    """The snapshot that it is measured on, or ``hub:NAME@REVISION``."""
    use: SuiteUse = ""
    """What it tells of a fine-tune: advice claims no use without an evaluation for it."""


class Settings(BaseModel):
    """``[tool.ft-registry]`` in pyproject.toml, or ft-registry.toml; the environment wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mlflow_uri: str = ""
    """MLflow's tracking URI; empty: MLFLOW_TRACKING_URI, else mlflow.db at the top level."""
    ledger_remote: str = ""
    """The git remote through which a team shares the ledger; empty: this clone alone."""
    site: Annotated[str, Field(pattern=_SITE, max_length=250)] = ""
    """Where the pages of `ft-registry report` are served; versions in MLflow link to theirs."""
    offline: bool = False
    """Leave the ledger's remote alone."""
    ray_address: str = ""
    """The Ray cluster that examines examples, ``auto`` for the one around; empty: this machine."""
    actor: str = ""
    """``Name <email>``; empty: git's user.name and user.email."""
    suites: Mapping[str, SuiteSettings] = {}
    """By name."""
