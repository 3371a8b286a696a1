"""The project's settings: few, and each has a default that works."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """``[tool.ft-registry]`` in pyproject.toml, or ft-registry.toml; the environment wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mlflow_uri: str = ""
    """MLflow's tracking URI; empty: MLFLOW_TRACKING_URI, else mlflow.db at the top level."""
    ledger_remote: str = ""
    """The git remote through which a team shares the ledger; empty: this clone alone."""
    offline: bool = False
    """Leave the ledger's remote alone."""
    ray_address: str = ""
    """The Ray cluster that examines examples, ``auto`` for the one around; empty: this machine."""
    actor: str = ""
    """``Name <email>``; empty: git's user.name and user.email."""
