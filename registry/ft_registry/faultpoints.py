"""Named points at which something outside is about to change, or has just been answered.

A test makes a process fail at such a point, in the one way that it wants, without sleeps and
without a race. In use a point costs one look at a global name and does nothing: what it calls can
be set only by code in the same process.
"""

from collections.abc import Callable

POINTS = {
    "git.object": "blobs, trees or a commit are about to be written",
    "git.object.done": "they are written, and nothing names them yet",
    "git.ref": "refs are about to be moved: the ledger's branch, pins",
    "git.ref.done": "they are moved, and the caller does not know it yet",
    "git.push": "events and pins are about to be offered to the remote",
    "git.push.done": "the remote has answered, and nothing here was noted",
    "git.fetch": "the remote is about to be asked for its head",
    "git.fetch.done": "it has answered",
    "git.commit": "pointers are about to be staged or committed on the user's branch",
    "git.commit.done": "they are",
    "git.note": "what was seen of the remote is about to be noted in a file",
    "dvc.keep": "second links to the data are about to be made",
    "dvc.ask": "DVC is about to be asked: to add, push, transfer or list",
    "dvc.answer": "DVC has done it, and nothing of it was proved yet",
    "dvc.prove": "DVC's work is about to be held against our own hashes",
    "dvc.release": "it is proved; the second links are about to go",
    "mlflow.ask": "MLflow is about to be asked to do something, or to tell of something",
    "mlflow.next": "of several things that belong together, the next is about to be done in MLflow",
    "mlflow.answer": "MLflow has answered, and the caller does not know it yet",
    "file.write": "a file or folder of ours is about to be written",
    "file.place": "a finished file or folder is about to get its name",
    "index.write": "the index is about to be brought up to the ledger's head",
    "index.commit": "it is, but for the end of the transaction",
}
"""What is about to happen at each point."""

Hook = Callable[[str], None]

_hook: Hook | None = None


def faultpoint(name: str) -> None:
    """Passes a point: nothing happens unless a test has set a hook.

    Args:
        name: One of `POINTS`.
    """
    if _hook is not None:
        _hook(name)


def set_hook(hook: Hook | None) -> Hook | None:
    """Sets what every point of this process calls from now on, with the point's name.

    What it raises is raised at the point.

    Args:
        hook: The function; None: nothing.

    Returns:
        What was set before.
    """
    global _hook
    before, _hook = _hook, hook
    return before
