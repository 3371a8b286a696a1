"""The pages on gates and pipelines say what policies, the action and the templates have."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ft_registry.model.policy import Clause, Policy
from ft_registry.model.policy_checks import Check
from ft_registry.statistics.proportions import clopper_pearson

ROOT = Path(__file__).resolve().parents[2]
GATES = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
PIPELINES = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def kinds() -> dict[str, type[Check]]:
    def below(kind: type[Check]) -> list[type[Check]]:
        return [one for sub in kind.__subclasses__() for one in (sub, *below(sub))]

    return {kind.KIND: kind for kind in below(Check) if hasattr(kind, "KIND")}


def keys_of(kind: str) -> set[str]:
    """Returns the words in code in the rows of the table that speak of a kind."""
    rows = [
        row.split("|")[2]
        for row in GATES.partition("## Every key")[2].splitlines()
        if row.startswith("|") and (f"`{kind}`" in row.split("|")[1] or row.startswith("| all |"))
    ]
    return {word for row in rows for code in re.findall(r"`([^`]+)`", row)
            for word in re.findall(r"\w+", code)}  # fmt: skip


def test_the_example_is_a_policy() -> None:
    (text,) = BLOCK.findall(GATES)
    policy = Policy.model_validate(YAML(typ="safe").load(text))
    rule = policy.rule("support-dates", "champion")
    assert rule is not None
    assert len(list(rule.clause.checks())) == 8


@pytest.mark.parametrize("kind", sorted(set(Clause.model_fields) - {"all", "any"}))
def test_the_table_has_every_key(kind: str) -> None:
    missing = set(kinds()[kind].model_fields) - keys_of(kind)
    assert not missing, f"docs/gates.md does not tell of {missing} of {kind}"


def test_nineteen_of_twenty_show_what_the_page_says() -> None:
    assert round(clopper_pearson(19, 20, alternative="greater").low, 1) == 0.8


def test_the_page_uses_inputs_that_the_action_has() -> None:
    action = YAML(typ="safe").load(ROOT / "action.yml")
    workflow = next(
        YAML(typ="safe").load(text) for text in BLOCK.findall(PIPELINES) if "jobs:" in text
    )
    given = workflow["jobs"]["gate"]["steps"][-1]["with"]
    required = {name for name, one in action["inputs"].items() if one.get("required")}
    assert required <= set(given) <= set(action["inputs"])
    told = set(given) | set(re.findall(r"`([a-z-]+)`", PIPELINES))
    assert set(action["inputs"]) - told <= {"format"}


def test_the_page_extends_the_job_that_the_template_has() -> None:
    template = YAML(typ="safe").load(ROOT / "ci" / "gitlab" / "gate.yml")
    job = next(
        YAML(typ="safe").load(text)["may-it-serve"]
        for text in BLOCK.findall(PIPELINES)
        if "may-it-serve" in text
    )
    script = "\n".join(template[job["extends"]]["script"])
    for name in job["variables"]:
        assert f"${name}" in script or name.startswith("FT_REGISTRY_")
