"""The check ``artifact``: format, size, licence."""

from pathlib import Path

import pytest
from tests.gates.fact_cases import World

from ft_registry.actions.checks.artifact import check_artifact
from ft_registry.gates.facts import Facts
from ft_registry.gates.licence import front_matter, licences_of
from ft_registry.gates.weights_format import judge_format
from ft_registry.model.policy_checks import ArtifactCheck
from ft_registry.model.record import Hosted

WEIGHTS = {"adapter_config.json": b"{}", "adapter_model.safetensors": b"weights"}
CARD = b"---\nbase_model: tiny\nlicense: Apache-2.0\n---\n# A model\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def licence(world: World, *allowed: str) -> tuple[str, str]:
    answer = check_artifact(ArtifactCheck(licences=allowed or ("apache-2.0", "mit")), world.case())
    return answer.outcome, answer.found


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["a.safetensors", "config.json", "pytorch_model.bin.index.json"], "pass"),
        (["A.SAFETENSORS"], "pass"),
        (["a.safetensors", "training_args.bin"], "fail"),
        (["a.safetensors", "sub/OPTIMIZER.PT"], "fail"),
        (["a.safetensors", "model.gguf"], "fail"),
        (["a.safetensors", "state.pkl.gz"], "fail"),
        (["config.json"], "fail"),
        ([], "fail"),
    ],
)
def test_weights_are_safetensors(names: list[str], outcome: str) -> None:
    facts = Facts()
    judge_format(names, facts)
    assert facts.answer().outcome == outcome


def test_every_part_of_the_check_is_told(world: World) -> None:
    world.registry.register({**WEIGHTS, "model.bin": b"x" * 90})
    asked = ArtifactCheck(format="safetensors", max_size=50, licences=("mit",))
    answer = check_artifact(asked, world.case())
    assert answer.outcome == "fail"
    for words in ("model.bin", "99 bytes, at most 50", "no model card"):
        assert words in answer.found


def test_of_weights_that_a_service_keeps_nobody_can_tell(world: World) -> None:
    record = world.registry.register({"job.json": b"{}"})
    hosted = Hosted(service="openai", model="ft:gpt-4o:a::b", job="ftjob-1")
    artifact = record.artifact.model_copy(update={"hosted": hosted})
    world.version(1, artifact=artifact, kind="external")
    for asked in (ArtifactCheck(format="safetensors"), ArtifactCheck(max_size=1)):
        answer = check_artifact(asked, world.case())
        assert answer.outcome == "inconclusive"
        assert "format and size of weights that openai keeps" in answer.found


def test_a_size_at_the_bound_passes(world: World) -> None:
    world.registry.register(WEIGHTS)
    assert check_artifact(ArtifactCheck(max_size=9), world.case()).outcome == "pass"
    assert check_artifact(ArtifactCheck(max_size=8), world.case()).outcome == "fail"


@pytest.mark.parametrize(
    ("card", "outcome", "told"),
    [
        (CARD, "pass", "licence apache-2.0"),
        (b"---\nlicense: [mit, apache-2.0]\n---\n", "pass", "mit, apache-2.0"),
        (b"---\nlicense: other\nlicense_name: mit\n---\n", "pass", "licence mit"),
        (b"---\nlicense: [mit, gpl-3.0]\n---\n", "fail", "names gpl-3.0"),
        (b"---\nlicense: [mit, 7]\n---\n", "fail", "no licence that can be read"),
        (b"---\nlicense: other\n---\n", "fail", "names other"),
        (b"---\nbase_model: tiny\n---\n", "fail", "no licence that can be read"),
        (b"---\nlicense: mit\nlicense: gpl\n---\n", "fail", "no licence that can be read"),
        (b"---\nlicense: mit\n", "fail", "no licence that can be read"),
        (b"# license: mit\n", "fail", "no licence that can be read"),
        (b"---\n- mit\n---\n", "fail", "no licence that can be read"),
        (b"\xff\xfe\x00", "fail", "no licence that can be read"),
        (b"", "fail", "no licence that can be read"),
    ],
)
def test_the_licence_is_that_of_the_model_card(
    world: World, card: bytes, outcome: str, told: str
) -> None:
    world.registry.register({**WEIGHTS, "README.md": card})
    found = licence(world)
    assert found[0] == outcome
    assert told in found[1]


def test_a_card_in_a_folder_is_not_the_versions(world: World) -> None:
    world.registry.register({**WEIGHTS, "docs/README.md": CARD})
    assert licence(world)[0] == "fail"


def test_a_card_with_other_bytes_is_damage(world: World) -> None:
    world.registry.register({**WEIGHTS, "README.md": CARD.replace(b"Apache-2.0", b"proprietary")})
    world.registry.shelf()["adapter/README.md"] = CARD
    outcome, found = licence(world)
    assert outcome == "fail"
    assert "other bytes than were recorded" in found


def test_a_card_that_is_lost_is_damage(world: World) -> None:
    world.registry.register({**WEIGHTS, "README.md": CARD})
    del world.registry.shelf()["adapter/README.md"]
    assert licence(world)[0] == "fail"


def test_a_store_that_is_silent_leaves_it_open(world: World) -> None:
    world.registry.register({**WEIGHTS, "README.md": CARD})
    world.registry.artifacts.unavailable = True
    assert licence(world)[0] == "inconclusive"


def test_front_matter_stands_at_the_very_beginning() -> None:
    assert front_matter("\ufeff---\r\na: 1\r\n---\r\nx") == "a: 1"
    assert front_matter("\n---\na: 1\n---\n") is None
    assert licences_of({"license": "  "}) == []
    assert licences_of(None) == []
