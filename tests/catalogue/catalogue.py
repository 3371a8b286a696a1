"""All rows of the catalogue, in their order."""

from tests.catalogue import (
    adapter_rows,
    crash_rows,
    data_rows,
    git_rows,
    mlflow_rows,
    name_rows,
    score_rows,
    storage_rows,
)

PARTS = {
    "Data": data_rows.ROWS,
    "Scores, policies and configurations": score_rows.ROWS,
    "Weights": adapter_rows.ROWS,
    "Names and the command line": name_rows.ROWS,
    "Several at once, and crashes": crash_rows.ROWS,
    "Git": git_rows.ROWS,
    "DVC's cache and remotes": storage_rows.ROWS,
    "MLflow": mlflow_rows.ROWS,
}
ROWS = tuple(row for rows in PARTS.values() for row in rows)
