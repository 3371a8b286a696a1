"""Everything that a command may need, imported: what `tests.cli.forked` forks from."""

import gc

import dvc.api
import dvc.repo
import dvc_data.index
import pyarrow.parquet
import rensa
import scipy.special

import ft_registry.datasets
import ft_registry.gating
import ft_registry.scoring
import ft_registry.training
import ft_registry.workspace
import ft_registry_cli.app
from ft_registry.backends.mlflow.connection import guarded

with guarded("MLflow to be imported"):  # with the settings that a command imports it with
    import mlflow.store.model_registry.sqlalchemy_store
    import mlflow.store.tracking.sqlalchemy_store
    import mlflow.tracking.client

__all__ = [
    "dvc",
    "dvc_data",
    "ft_registry",
    "ft_registry_cli",
    "mlflow",
    "pyarrow",
    "rensa",
    "scipy",
]

gc.freeze()  # memory that is shared stays shared
