"""Commands run in an environment of their own, end in time, and leave nothing running."""

import os
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ft_registry.backends.recipe import ShellRunner, requirement
from ft_registry.errors import BackendUnavailable, NotFound, Refused
from ft_registry.ports.recipe import Ran, RunSettings

BIN = Path(sys.executable).parent


def run(
    command: str,
    folder: Path,
    *,
    environ: Mapping[str, str] | None = None,
    passed: tuple[str, ...] = (),
    seconds: float | None = None,
) -> Ran:
    settings = RunSettings(folder / "home", BIN, passed, seconds)
    runner = ShellRunner({"PATH": os.environ["PATH"], **(environ or {})})
    return runner.run(command, folder=folder, settings=settings)


def variables(folder: Path, environ: Mapping[str, str], passed: tuple[str, ...] = ()) -> set[str]:
    assert run("env > seen", folder, environ=environ, passed=passed).ok
    return {line.partition("=")[0] for line in (folder / "seen").read_text().splitlines()}


def test_a_command_is_a_line_for_the_shell(tmp_path: Path) -> None:
    assert run("echo one > a && echo two >> a; test -s a", tmp_path) == Ran(0, in_time=True)
    assert (tmp_path / "a").read_text() == "one\ntwo\n"
    assert run("exit 7", tmp_path) == Ran(7, in_time=True)
    assert run("kill -15 $$", tmp_path) == Ran(-15, in_time=True)


def test_only_harmless_variables_are_seen(tmp_path: Path) -> None:
    names = (
        "LANG", "TMPDIR", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "AWS_PROFILE", "HF_TOKEN",
        "MLFLOW_TRACKING_URI", "FT_REGISTRY_ACTOR", "GIT_DIR", "PYTHONPATH", "PYTHONHASHSEED",
        "PIP_INDEX_URL", "HTTPS_PROXY", "ANYTHING",
    )  # fmt: skip
    given = dict.fromkeys(names, "x")
    ours = {"PATH", "HOME", "SHELL", "PWD", "GIT_CEILING_DIRECTORIES", "VIRTUAL_ENV", "SHLVL", "_"}
    seen = variables(tmp_path, given) - ours - {"OLDPWD"}
    assert seen == {"LANG", "TMPDIR", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS"}
    assert "ANYTHING" in variables(tmp_path, given, passed=("ANYTHING", "ABSENT"))


def test_its_own_python_comes_first_and_home_is_its_own(tmp_path: Path) -> None:
    command = "command -v python > which; echo $HOME > home-is"
    assert run(command, tmp_path, environ={"HOME": "/root"}).ok
    assert (tmp_path / "which").read_text().strip() == str(BIN / "python")
    assert (tmp_path / "home-is").read_text().strip() == str(tmp_path / "home")
    assert (tmp_path / "home").is_dir()


@pytest.mark.parametrize("shell", ["", "/bin/sh", "/bin/bash", "/nowhere/bash", "/bin/false"])
def test_a_shell_that_reads_no_settings_is_taken(tmp_path: Path, shell: str) -> None:
    (tmp_path / "home").mkdir()
    for name in (".bashrc", ".profile", ".zshrc"):
        (tmp_path / "home" / name).write_text("touch read-settings\n")
    environ = {"SHELL": shell, "BASH_ENV": str(tmp_path / "home/.bashrc"), "ENV": "x"}
    assert run("touch ran", tmp_path, environ=environ).ok
    assert (tmp_path / "ran").exists()
    assert not (tmp_path / "read-settings").exists()


def test_a_time_limit_ends_the_command_and_what_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    ran = run("(sleep 2; touch late) & sleep 30", tmp_path, seconds=0.3)
    assert not ran.in_time
    assert not ran.ok
    assert time.monotonic() - started < 10
    time.sleep(2.2)
    assert not (tmp_path / "late").exists()


def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    assert run("(sleep 1; touch late) & true", tmp_path).ok
    time.sleep(1.2)
    assert not (tmp_path / "late").exists()


def test_a_command_reads_nothing_from_the_terminal(tmp_path: Path) -> None:
    assert run("cat > read", tmp_path, seconds=10).ok
    assert (tmp_path / "read").read_bytes() == b""


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    settings = RunSettings(tmp_path / "home", BIN)
    with pytest.raises(NotFound):
        ShellRunner({}).run("true", folder=tmp_path / "nowhere", settings=settings)


@pytest.mark.parametrize(
    ("name", "version"),
    [("--index-url", "x"), ("a b", "1"), ("a", "1 --pre"), ("a", ""), ("a\nb", "1"), ("-r", "1")],
)
def test_a_package_is_a_name_and_a_version_only(name: str, version: str) -> None:
    assert requirement("A_b.c", "2.13.0+cpu") == "A_b.c==2.13.0+cpu"
    with pytest.raises(Refused):
        requirement(name, version)


def make_wheel(folder: Path, name: str, version: str) -> None:
    """Builds a wheel of one module that knows its version."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        for path, content in files.items():
            file.writestr(path, content)


@pytest.mark.integration
def test_recorded_packages_are_installed_into_a_fresh_python(tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(tmp_path, "tiny", version)
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
    }  # fmt: skip
    runner = ShellRunner(environ)
    here = ".".join(map(str, sys.version_info[:3]))
    packages = {"tiny": "1.0", "pip": "0.1", "ft_registry": "99.0"}
    programs, left_out = runner.install(packages, python=here, into=tmp_path / "env/venv")
    assert left_out == ("ft-registry 99.0, which no index has",)
    settings = RunSettings(tmp_path / "home", programs)
    command = "python -c 'import tiny; print(tiny.VERSION)' > version && python -c 'import pytest'"
    assert runner.run(command, folder=tmp_path, settings=settings).status == 1  # no pytest in there
    assert (tmp_path / "version").read_text() == "1.0\n"
    with pytest.raises(BackendUnavailable, match="recorded packages"):
        runner.install({"tiny": "3.0"}, python=here, into=tmp_path / "env/venv")


def test_a_python_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"expected Python 2\.9"):
        ShellRunner({"PATH": "/nowhere"}).install({}, python="2.9.1", into=tmp_path / "venv")


def test_what_it_prints_goes_to_the_file_that_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = RunSettings(tmp_path / "home", BIN, output=tmp_path / "said")
    runner = ShellRunner({"PATH": os.environ["PATH"]})
    assert runner.run("echo one; echo two >&2", folder=tmp_path, settings=settings).ok
    assert (tmp_path / "said").read_text() == "one\ntwo\n"
    assert capfd.readouterr() == ("", "")
