"""Keeps MLflow's own files out of git, where they lie in the work tree."""

from pathlib import Path

from ft_registry.backends.whole_files import replace_file

FILE = ".gitignore"


def ignore_mlflow(top: Path, database: Path, *, aside: Path) -> bool:
    """Lets git ignore a database and the artifacts beside it; what else is ignored stays so.

    Args:
        top: The top level of the work tree.
        database: Where MLflow's database lies.
        aside: See `replace_file`.

    Returns:
        Whether anything had to be written.

    Raises:
        BackendUnavailable: The disk failed; the file is as it was.
    """
    if not database.is_relative_to(top):
        return False
    prefix = "/".join(("", *database.parent.relative_to(top).parts, ""))
    wanted = [f"{prefix}{database.name}*".encode(), f"{prefix}mlartifacts/".encode()]
    file = top / FILE
    content = file.read_bytes() if file.exists() else b""
    present = content.splitlines()
    missing = [line for line in wanted if line not in present]
    if missing:
        ended = content if content.endswith(b"\n") or not content else content + b"\n"
        replace_file(file, ended + b"".join(line + b"\n" for line in missing), aside=aside)
    return bool(missing)
