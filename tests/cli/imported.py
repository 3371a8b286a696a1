"""Everything that a command may need, imported: what `tests.cli.forked` forks from.

What a command imports when it needs it is imported here once, ours and the libraries' own: a
command forked without it would import it again, hundreds of times in a session.
"""

import gc
import importlib
import importlib.metadata
import pkgutil

import dvc.api
import dvc.repo
import pyarrow.parquet
import rensa
import scipy.special
import sqlalchemy.orm
from pydantic import BaseModel

import ft_registry
import ft_registry_cli
from ft_registry.backends.mlflow.connection import guarded

with guarded("MLflow to be imported"):  # with the settings that a command imports it with
    import mlflow.store.model_registry.sqlalchemy_store
    import mlflow.store.tracking.sqlalchemy_store
    import mlflow.tracking.client

_LATE = (
    "alembic.command",
    "configobj",
    "dulwich.worktree",
    "dvc.cachemgr",
    "dvc.cli.parser",
    "dvc.data_cloud",
    "dvc.repo.artifacts",
    "dvc.repo.datasets",
    "dvc.repo.graph",
    "dvc.repo.index",
    "dvc.repo.init",
    "dvc.repo.plots",
    "dvc.repo.stage",
    "dvc.repo.trie",
    "dvc.utils.strictyaml",
    "dvc_data.hashfile.db.local",
    "dvc_data.hashfile.status",
    "dvc_data.index",
    "dvc_render",
    "email.contentmanager",
    "email.headerregistry",
    "email.policy",
    "encodings.utf_16_be",
    "encodings.utf_8_sig",
    "fsspec.implementations.memory",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "mlflow.tracing.export.utils",
    "mlflow.tracing.processor.base_mlflow",
    "mlflow.tracing.utils.environment",
    "networkx",
    "opentelemetry.sdk.metrics.export",
    "pyarrow.pandas_compat",
    "pygit2",
    "rich.live",
    "rich.status",
    "rich.table",
    "ruamel.yaml",
    "scmrepo.git.backend.pygit2.filter",
    "sqlalchemy.dialects.sqlite",
    "tests.cli.project",
    "typer._click.decorators",
)
"""What the libraries import in the middle of their work."""

for name in _LATE:
    importlib.import_module(name)
for package in (ft_registry, ft_registry_cli):
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # Plugins are MLflow's and fsspec's to load; `__main__` runs when it is imported.
        if ".plugins" not in found.name and not found.name.endswith(".__main__"):
            importlib.import_module(found.name)


def build(model: type[BaseModel]) -> None:
    """Completes our documents' validators, which wait for their first use."""
    for kind in model.__subclasses__():
        if kind.__module__.startswith("ft_registry"):
            kind.model_rebuild()
        build(kind)


build(BaseModel)
sqlalchemy.orm.configure_mappers()  # MLflow's tables: else each process does it at its first query
importlib.metadata.entry_points()  # the folders' listings stay in memory

__all__ = ["dvc", "mlflow", "pyarrow", "rensa", "scipy"]

gc.collect()
gc.freeze()  # memory that is shared stays shared
