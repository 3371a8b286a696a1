"""ft-registry: a version registry with lineage for fine-tuned language models.

Each model version is tied, in one immutable record, to the exact data, configuration, code, base
weights and evaluation scores that made it. DVC keeps the data, MLflow keeps the weights, a git
branch (the ledger) keeps the records and every move of an alias.

The Python API is `ft_registry.workspace.Workspace`; everything else is reached through it.
"""

__version__ = "0.1.0"
