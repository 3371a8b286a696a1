"""Walks the stages of a pipeline: what a stage makes, and what leads from weights to scores."""

from collections.abc import Sequence
from pathlib import Path

from ft_registry.errors import FtRegistryError
from ft_registry.model.checkout_path import checkout_path
from ft_registry.model.evaluation import Evaluation
from ft_registry.model.record import Stage
from ft_registry.ports.recipe import Pipelines, Recipe


def scoring(
    tree: Path, trained: Stage, evaluations: Sequence[Evaluation], pipelines: Pipelines
) -> list[Recipe]:
    """Returns the recipes that lead from new weights to scored items, in the order to run them.

    Args:
        tree: The tree with the pipeline's lock file.
        trained: The stage that makes the weights.
        evaluations: Those whose items are wanted.
        pipelines: Reads the tree.
    """
    order: dict[tuple[str, str], Recipe] = {}
    for evaluation in evaluations:
        if evaluation.source:
            _lead(tree, trained, evaluation.source, pipelines, order, frozenset())
    return list(order.values())


def _lead(
    tree: Path,
    trained: Stage,
    path: str,
    pipelines: Pipelines,
    order: dict[tuple[str, str], Recipe],
    above: frozenset[tuple[str, str]],
) -> bool:
    """Puts the recipe of a path, and before it those it needs, in order.

    Returns:
        Whether the path comes from the new weights; what does not need not be made again.
    """
    if any(lies_in(path, out) or lies_in(out, path) for out in outputs([trained])):
        return True
    try:
        recipe = pipelines.find(tree, path)
    except FtRegistryError:
        return False  # the lock file is malformed: nothing can be found in it
    if recipe is None:
        return False
    key = (recipe.stage.lock, recipe.stage.stage)
    if key in above:
        return False  # a ring, which DVC would not run
    if key in order:
        return True
    leads = [
        _lead(tree, trained, str(dep.get("path", "")), pipelines, order, above | {key})
        for dep in recipe.stage.deps
    ]
    if any(leads):
        order[key] = recipe
    return any(leads)


def outputs(stages: Sequence[Stage]) -> frozenset[str]:
    """Returns the outputs of stages that lie inside the tree, from its top."""
    found = set()
    for stage in stages:
        for out in stage.outs:
            try:
                found.add(checkout_path(str(out.get("path", ""))))
            except ValueError:
                continue  # outside of the tree: not ours to touch
    return frozenset(found)


def lies_in(path: str, folder: str) -> bool:
    """Returns whether a path is another, or lies below it."""
    return path == folder or path.startswith(f"{folder}/")
