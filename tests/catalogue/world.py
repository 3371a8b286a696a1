"""Everything that a command could change in a registry, for comparing before with after."""

import contextlib
import hashlib
import sqlite3
import subprocess
from typing import Any

from tests.cli.project import Project, tree_digests

HUGE = "huge.bin"
"""A file that is only as large as it says: nobody reads it here."""
_OF_GIT = ("config", "hooks", "info", "HEAD", "shallow", "modules", "worktrees")
"""What of a git directory is the user's; caches and objects that nothing names may come."""


def everything(project: Project) -> dict[str, Any]:
    """Returns files and their bytes, refs, index and MLflow's tables, and what lies outside."""
    root = project.root
    git = {
        name: content
        for name, content in (
            tree_digests(root / ".git") if (root / ".git").is_dir() else {}
        ).items()
        if name.partition("/")[0] in _OF_GIT
    }
    return {
        "files": tree_digests(root, leave_out=(".git", ".dvc/tmp", "mlflow.db", HUGE)),
        "outside": tree_digests(root.parent, leave_out=(root.name,)),
        "git": git,
        "refs": _git(project, "for-each-ref"),
        "index": _git(project, "ls-files", "--stage"),
        "mlflow": _tables(project),
    }


def _git(project: Project, *arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, check=False
    ).stdout


def _tables(project: Project) -> str:
    """Returns the digest of MLflow's tables, whatever still lies in its log."""
    database = project.root / "mlflow.db"
    if not database.is_file():
        return "none"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            return hashlib.sha256("\n".join(db.iterdump()).encode()).hexdigest()
    except sqlite3.DatabaseError:
        return hashlib.sha256(database.read_bytes()).hexdigest()
