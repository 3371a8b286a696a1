"""Settings: pyproject.toml, then ft-registry.toml, then the environment; the last one wins."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import law

from ft_registry.backends.settings import FILE, parse_actor, read_settings, write_setting_file
from ft_registry.errors import FtRegistryError, InvalidInput
from ft_registry.model.config import Settings
from ft_registry.model.origin import Actor

NONE: dict[str, str] = {}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return tmp_path


def own(top: Path, text: str) -> None:
    (top / FILE).write_text(text, encoding="utf-8")


def project(top: Path, text: str) -> None:
    (top / "pyproject.toml").write_text(text, encoding="utf-8")


def test_without_any_file_the_defaults_hold(top: Path) -> None:
    assert read_settings(top, NONE) == Settings()
    assert read_settings(None, NONE) == Settings()


def test_a_file_of_our_own_is_read(top: Path) -> None:
    own(top, 'mlflow_uri = "http://a"\noffline = true\n')
    assert read_settings(top, NONE) == Settings(mlflow_uri="http://a", offline=True)


def test_a_section_of_pyproject_is_read(top: Path) -> None:
    project(top, '[project]\nname = "x"\n[tool.ft-registry]\nledger_remote = "origin"\n')
    assert read_settings(top, NONE).ledger_remote == "origin"


@pytest.mark.parametrize("text", ["", "[tool.ruff]\n", "[tool]\n", "[project]\nname = 'x'\n"])
def test_a_pyproject_without_our_section_says_nothing(top: Path, text: str) -> None:
    project(top, text)
    assert read_settings(top, NONE) == Settings()


def test_our_own_file_wins_setting_by_setting(top: Path) -> None:
    project(top, '[tool.ft-registry]\nmlflow_uri = "http://p"\nledger_remote = "origin"\n')
    own(top, 'mlflow_uri = "http://o"\n')
    found = read_settings(top, NONE)
    assert (found.mlflow_uri, found.ledger_remote) == ("http://o", "origin")


def test_the_environment_wins_over_every_file(top: Path) -> None:
    own(top, 'mlflow_uri = "http://o"\nactor = "Ada"\n')
    found = read_settings(top, {"FT_REGISTRY_MLFLOW_URI": "http://e", "MLFLOW_URI": "other"})
    assert (found.mlflow_uri, found.actor) == ("http://e", "Ada")


def test_an_empty_variable_says_nothing(top: Path) -> None:
    own(top, "offline = true\n")
    assert read_settings(top, {"FT_REGISTRY_OFFLINE": ""}).offline


@pytest.mark.parametrize(("text", "expected"), [("1", True), ("true", True), ("0", False)])
def test_a_switch_is_read_from_text(text: str, expected: bool) -> None:
    assert read_settings(None, {"FT_REGISTRY_OFFLINE": text}).offline is expected


@pytest.mark.parametrize("key", ["mlflow_url", "mlflow-uri", "mlflowuri"])
def test_a_setting_that_is_nearly_right_is_told_the_right_one(top: Path, key: str) -> None:
    own(top, f'{key} = "http://a"\n')
    with pytest.raises(InvalidInput, match=key) as caught:
        read_settings(top, NONE)
    assert caught.value.hints == ("did you mean mlflow_uri?",)


def test_a_setting_that_is_far_off_is_told_all_there_are(top: Path) -> None:
    own(top, "colour = 1\n")
    with pytest.raises(InvalidInput, match="found colour = 1") as caught:
        read_settings(top, NONE)
    assert all(name in caught.value.hints[0] for name in Settings.model_fields)


@pytest.mark.parametrize(
    "text",
    ["offline = 'perhaps'", "mlflow_uri = 7", "a", "= 1", "actor = [1]", "[actor]", "a = 1\na = 2"],
)
def test_what_is_no_setting_is_refused(top: Path, text: str) -> None:
    own(top, text)
    with pytest.raises(InvalidInput):
        read_settings(top, NONE)


@pytest.mark.parametrize(
    "text", ["tool = 5", "[tool]\nft-registry = 5", "[[tool]]", "[[tool.ft-registry]]", "]"]
)
def test_a_pyproject_of_another_shape_is_refused(top: Path, text: str) -> None:
    project(top, text)
    with pytest.raises(InvalidInput, match=r"pyproject\.toml"):
        read_settings(top, NONE)


def test_a_file_that_is_no_text_is_refused(top: Path) -> None:
    (top / FILE).write_bytes(b"\xff")
    with pytest.raises(InvalidInput, match="expected TOML"):
        read_settings(top, NONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada <ada@example.org>", Actor(name="Ada", email="ada@example.org")),
        ("Ada Lovelace<a@b>", Actor(name="Ada Lovelace", email="a@b")),
        ("  Ada  <a@b>  ", Actor(name="Ada", email="a@b")),
        ("Ada", Actor(name="Ada", email="")),
        ("Ada <>", Actor(name="Ada", email="")),
        ("ci@host", Actor(name="ci@host", email="")),
        ("山田　太郎 <t@b>", Actor(name="山田　太郎", email="t@b")),
    ],
)
def test_an_actor_is_a_name_and_perhaps_an_address(text: str, expected: Actor) -> None:
    assert parse_actor(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "   ", "<a@b>", " <a@b>", "Ada <a@b", "Ada a@b>", "Ada <a b>", "Ada <<a@b>>",
        "Ada <a@b> x", "Ada\n<a@b>", "Ada\nEve", "Ada\tE <a@b>", "Ada\x00", "Ada\x1b[0m", "Ada\x7f",
        "Ada\x85Eve", "Ada\u2028Eve", "Ada\ud800", "Ada <a@b>\n",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_actor_is_refused_with_where_to_mend_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_actor(text)
    assert "FT_REGISTRY_ACTOR" in caught.value.hints[0]


names = st.from_regex(r"[A-Za-z](?:[A-Za-z .-]{0,10}[A-Za-z])?", fullmatch=True)


@given(names, st.from_regex(r"(?:[a-z]{1,5}@[a-z]{1,5})?", fullmatch=True))
@law
def test_reading_an_actor_undoes_writing_it(name: str, email: str) -> None:
    actor = Actor(name=name, email=email)
    assert parse_actor(actor.as_text()) == actor


values = st.dictionaries(
    st.sampled_from(["mlflow_uri", "ledger_remote", "actor"]), st.text(max_size=12), min_size=1
)


def write(top: Path, values: dict[str, str]) -> Path:
    return write_setting_file(top, values, aside=top / ".git" / "ft-registry")


@given(values=values)
@law
def test_reading_settings_undoes_writing_them(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    top = tmp_path_factory.getbasetemp()
    (top / FILE).unlink(missing_ok=True)
    write(top, values)
    assert read_settings(top, NONE).model_dump(include=set(values)) == values


def test_what_stands_in_the_file_stays_byte_for_byte(top: Path) -> None:
    before = b"# ours\r\nmlflow_uri   =  'http://a'  # here\r\n"
    (top / FILE).write_bytes(before)
    file = write(top, {"ledger_remote": "origin"})
    assert file.read_bytes() == b'ledger_remote = "origin"\n' + before
    assert read_settings(top, NONE) == Settings(mlflow_uri="http://a", ledger_remote="origin")


def test_what_stands_in_pyproject_stays_in_force(top: Path) -> None:
    project(top, '[tool.ft-registry]\nmlflow_uri = "http://p"\n')
    write(top, {"ledger_remote": "origin"})
    assert read_settings(top, NONE) == Settings(mlflow_uri="http://p", ledger_remote="origin")


@pytest.mark.parametrize("place", [own, project], ids=["ft-registry.toml", "pyproject.toml"])
def test_a_setting_that_has_the_value_already_is_not_written_again(top: Path, place) -> None:
    header = "[tool.ft-registry]\n" if place is project else ""
    place(top, header + 'ledger_remote = "origin"\n')
    before = {file.name: file.read_bytes() for file in top.iterdir() if file.is_file()}
    write(top, {"ledger_remote": "origin"})
    assert {file.name: file.read_bytes() for file in top.iterdir() if file.is_file()} == before


@pytest.mark.parametrize("place", [own, project], ids=["ft-registry.toml", "pyproject.toml"])
def test_a_setting_that_has_another_value_is_not_overwritten(top: Path, place) -> None:
    header = "[tool.ft-registry]\n" if place is project else ""
    place(top, header + 'ledger_remote = "origin"\n')
    with pytest.raises(InvalidInput, match="'upstream', found 'origin'"):
        write(top, {"ledger_remote": "upstream"})


def test_a_value_that_is_no_text_is_refused_and_nothing_written(top: Path) -> None:
    with pytest.raises(FtRegistryError, match="Unicode"):
        write(top, {"mlflow_uri": "\udcff"})
    assert not (top / FILE).exists()


@pytest.mark.parametrize(
    "site",
    ["pages.example.org", "ftp://a", "https://", "https://u:p@a", "https://a/?q", "https://a#b"],
)
def test_a_site_that_is_no_plain_address_is_refused(top: Path, site: str) -> None:
    with pytest.raises(InvalidInput, match="expected site as an http or https") as caught:
        read_settings(top, {"FT_REGISTRY_SITE": site})
    assert site not in str(caught.value)  # a login may stand in it
