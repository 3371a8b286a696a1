"""The DVC project around a path is the one that DVC would find, configured as DVC reads it."""

from pathlib import Path

import pytest

from ft_registry.backends.dvc.project import DvcProject, find_project
from ft_registry.errors import NotARegistry, Refused


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work tree with a DVC project at its top; no user or system has settings."""
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "user"))
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "system"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "top" / ".dvc").mkdir(parents=True)
    return tmp_path / "top"


def configured(top: Path, text: str, name: str = "config") -> DvcProject:
    (top / ".dvc" / name).write_text(text, encoding="utf-8")
    return find_project(top / "data", top=top)


def test_the_nearest_project_above_a_path_is_its_own(top: Path) -> None:
    (top / "sub" / ".dvc").mkdir(parents=True)
    assert find_project(top / "sub" / "data" / "x", top=top).root == top / "sub"
    assert find_project(top / "other" / "x", top=top).root == top
    assert find_project(top, top=top).root == top


def test_a_project_above_the_work_tree_is_none(top: Path) -> None:
    (top / "inner").mkdir()
    with pytest.raises(NotARegistry, match="expected a DVC project") as caught:
        find_project(top / "inner" / "x", top=top / "inner")
    assert "dvc init" in caught.value.hints[0]


def test_a_file_called_dvc_is_no_project(top: Path) -> None:
    (top / "sub").mkdir()
    (top / "sub" / ".dvc").touch()
    assert find_project(top / "sub", top=top).root == top


def test_objects_lie_in_the_cache_by_their_md5(top: Path) -> None:
    project = find_project(top, top=top)
    expected = top / ".dvc" / "cache" / "files" / "md5" / "ab" / ("c" * 30)
    assert project.object("ab" + "c" * 30) == expected


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[cache]\n    dir = /srv/cache\n", "/srv/cache"),
        ("[cache]\ndir = ../../shared\n", "{top}/../shared"),
        ("[cache]\n    dir = own\n", "{top}/.dvc/own"),
        ("[cache]\n    dir = ~/cache\n", "{top}/../home/cache"),
        ('[cache]\n    dir = "/srv/a, b"\n', "/srv/a, b"),
        ("[cache]\n    dir = '/srv/a#b'\n", "/srv/a#b"),
        ("[cache]\n    dir = /srv/cache  # the big disk\n", "/srv/cache"),
        ("[core]\nremote = a\n    autostage = true\n[cache]\n  dir = /srv/cache\n", "/srv/cache"),
        ("[cache]\n    type = hardlink\n", "{top}/.dvc/cache"),
        ("", "{top}/.dvc/cache"),
    ],
)
def test_the_cache_lies_where_the_configuration_says(top: Path, text: str, place: str) -> None:
    expected = Path(place.replace("{top}", str(top))).resolve()
    assert configured(top, text).cache == expected / "files" / "md5"


def test_settings_are_by_section_and_key(top: Path) -> None:
    project = configured(
        top,
        "[core]\n    remote = storage\n    autostage = true\n"
        "['remote \"storage\"']\n    url = s3://bucket/prefix\n    profile = ci\n"
        "['remote \"other\"']\n    url = /mnt/other\n",
    )
    assert project.settings == {
        "core": {"remote": "storage", "autostage": "true"},
        'remote "storage"': {"url": "s3://bucket/prefix", "profile": "ci"},
        'remote "other"': {"url": "/mnt/other"},
    }


def test_a_value_may_hold_what_configparser_would_take_for_more(top: Path) -> None:
    project = configured(
        top, "[core]\nremote = a%(b)s\n['remote \"x:y\"']\nurl = http://a:1/?b=c\n"
    )
    assert project.settings["core"]["remote"] == "a%(b)s"
    assert project.settings['remote "x:y"']["url"] == "http://a:1/?b=c"


def test_the_local_file_wins_key_by_key(top: Path) -> None:
    configured(top, "[core]\nremote = a\nautostage = true\n")
    project = configured(top, "[core]\nremote = b\n", "config.local")
    assert project.settings["core"] == {"remote": "b", "autostage": "true"}


def test_system_and_user_come_before_the_project(top: Path) -> None:
    for name in ("system", "user"):
        (top.parent / name).mkdir()
        (top.parent / name / "config").write_text(f"[core]\nremote = {name}\n{name} = yes\n")
    project = configured(top, "[cache]\ndir = /srv/cache\n")
    assert project.settings["core"] == {"remote": "user", "system": "yes", "user": "yes"}


def test_a_relative_cache_counts_from_the_file_that_names_it(top: Path) -> None:
    (top.parent / "user").mkdir()
    (top.parent / "user" / "config").write_text("[cache]\ndir = shared\n")
    assert find_project(top, top=top).cache == top.parent / "user" / "shared" / "files" / "md5"


def test_dvc_reads_the_same(top: Path) -> None:
    configobj = pytest.importorskip("configobj")
    text = (
        "[core]\nremote = storage # ours\n    autostage = true\n"
        "['remote \"storage\"']\n    url = \"s3://a/b#c\"\n    region = 'eu'\n    empty =\n"
    )
    assert configured(top, text).settings == configobj.ConfigObj(text.splitlines()).dict()


@pytest.mark.parametrize(
    "content",
    [b"remote = a\n", b"[core\n", b"[core]\nremote\n", b"\xff", b"<<<<<<< HEAD\n[core]\n"],
    ids=ascii,
)
def test_a_broken_configuration_is_refused_by_its_file(top: Path, content: bytes) -> None:
    (top / ".dvc" / "config").write_bytes(content)
    with pytest.raises(Refused, match=r"\.dvc/config to be a DVC configuration"):
        find_project(top, top=top)
