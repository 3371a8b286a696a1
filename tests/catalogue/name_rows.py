"""Rows 60 to 66: names, numbers, and the terminal that a command meets."""

from collections.abc import Sequence

from tests.catalogue.adapter_rows import REGISTER
from tests.catalogue.rows import Case, Row, case
from tests.cli.project import Project

ALIASES = (
    "latest", "v3", "Champion", "champion\n", "champ\u202eion", "ch\u0430mpion", "-x", "", "a b",
)  # fmt: skip
MODELS = ("..", "%2e%2e", "x\n", "x" * 300, "m/1", "-x", "\u043c", "a\u202eb")
VERSIONS = ("0", "-1", "\u0661\u0662", "1e3", "01", "1.0", "", "9" * 5000)


def alias(name: str) -> Case:
    """Returns a promotion to an alias that is none."""

    def prepare(project: Project) -> Sequence[str]:
        return "promote", "m/1", f"--to={name}", "--reason", "r"

    prepare.__name__ = f"alias {name!a}"
    return Case(prepare, 2, ("expected",))


def model(name: str) -> Case:
    """Returns a registration under a name that is none."""

    def prepare(project: Project) -> Sequence[str]:
        return "register", "--", name, "ad1"

    prepare.__name__ = f"model {ascii(name)[:20]}"
    return Case(prepare, 2, ("expected",))


def version(number: str) -> Case:
    """Returns a look at a version whose number is none."""

    def prepare(project: Project) -> Sequence[str]:
        return "show", "--", f"m/{number}"

    prepare.__name__ = f"version {ascii(number)[:20]}"
    return Case(prepare, 2, ("expected",))


@case(0, environment={"TERM": "dumb", "COLUMNS": "20", "LANG": "C", "NO_COLOR": "1"})
def a_narrow_terminal_without_letters(project: Project) -> Sequence[str]:
    return ("list",)


@case(0, changes=True, environment={"HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere"})
def a_home_that_cannot_be_written(project: Project) -> Sequence[str]:
    project.adapter("ad3")
    return REGISTER


@case(0, changes=True, environment={"TMPDIR": "/proc/nowhere"})
def no_place_for_temporary_files(project: Project) -> Sequence[str]:
    project.adapter("ad3")
    return REGISTER


OUTPUT = "cli/test_cli_output.py"

ROWS = (
    Row(60, "aliases that MLflow keeps for itself, or that look like others", "refused",
        tuple(map(alias, ALIASES)),
        ("unit/model/test_model_names.py::test_every_alias_of_the_grammar_passes",)),
    Row(61, "model names that lead elsewhere, or look like others", "refused",
        tuple(map(model, MODELS)),
        ("unit/model/test_model_names.py::test_every_name_that_passes_is_safe_in_a_path_and_a_shell",)),
    Row(62, "numbers that are none: `0`, `01`, `1e3`, digits of other scripts", "refused",
        tuple(map(version, VERSIONS)),
        ("unit/model/test_model_names.py"
         "::test_only_plain_whole_numbers_from_one_are_version_numbers",)),
    Row(63, "a reader that went away, a narrow or dumb terminal, another encoding", "works",
        (a_narrow_terminal_without_letters,),
        (f"{OUTPUT}::test_a_reader_that_has_seen_enough_is_no_error",
         f"{OUTPUT}::test_a_terminal_of_another_encoding_loses_nothing")),
    Row(64, "Ctrl-C at any moment", "ends with 130; the next run settles it",
        tests=("faults/test_every_point.py::test_whatever_point_it_is_cut_off_at",
               "cli/test_cli_moves.py::test_an_interruption_ends_with_130_and_nothing_moved",
               "cli/test_cli_interrupt.py::test_a_rollback_cut_after_its_event_is_not_to_be_repeated",
               "data/test_data_rot.py"
               "::test_an_interruption_in_the_middle_leaves_data_and_pointers_as_they_were"),
        ends=(130,)),
    Row(65, "a home or temporary folder that cannot be written; a strict umask", "works",
        (a_home_that_cannot_be_written, no_place_for_temporary_files),
        ("cli/test_cli_places.py::test_a_strict_umask_keeps_nobody_from_registering",
         "faults/test_disks.py::test_a_folder_that_cannot_be_written_is_told",)),
    Row(66, "a standard output that is closed", "ends as it would have",
        tests=(f"{OUTPUT}::test_a_closed_stream_is_no_error",), ends=(0,)),
)  # fmt: skip
