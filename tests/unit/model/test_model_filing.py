"""Filing: each document has one place, and the place knows the document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategies import DOCUMENTS, law

from ft_registry.model import layout
from ft_registry.model.document import Document
from ft_registry.model.event import Event
from ft_registry.model.filing import filing_of, model_of, version_of
from ft_registry.model.restored import RestoredFolder
from ft_registry.model.run_document import RunDocument

PLACES: dict[str, Any] = {
    "ModelDocument": lambda d: layout.model(d.name),
    "VersionRecord": lambda d: layout.version(d.model, d.version),
    "IdentityPointer": lambda d: layout.identity("dates", d.identity),
    "Evaluation": lambda d: (
        layout.baseline_evaluation(d.model, d.baseline, d.id)
        if d.version is None
        else layout.evaluation(d.model, d.version, d.id)
    ),
    "Correction": lambda d: (
        layout.baseline_correction(d.model, d.baseline, d.evaluation)
        if d.version is None
        else layout.correction(d.model, d.version, d.evaluation)
    ),
    "Verdict": lambda d: layout.verdict(d.model, d.version, d.id),
    "Approval": lambda d: layout.approval(d.model, d.version, d.id),
    "Baseline": lambda d: layout.baseline(d.model, d.label),
    "Proof": lambda d: layout.proof(d.model, d.version, d.digest[7:23]),
    "Standing": lambda d: layout.standing(d.model, d.version),
    "Home": lambda d: layout.home(d.model, d.version),
    "AliasState": lambda d: layout.alias(d.model, d.alias),
    "Snapshot": lambda d: layout.snapshot("examples", d.content.dvc.md5),
    "LateIndex": lambda d: layout.late_index(d.name, d.key),
    "Tombstone": lambda d: layout.tombstone(d.id),
    "PackageList": lambda d: layout.environment(d.digest),
}
CHANGING = {"Approval", "ModelDocument", "Standing", "Home", "AliasState"}
KINDS = [kind for kind in DOCUMENTS if kind not in (Event, RestoredFolder, RunDocument)]
"""Of the ledger's documents; an event lies in each commit, the others in a folder and in a run."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@law
def test_a_document_is_filed_where_commands_put_it(
    kind: type[Document], data: st.DataObject
) -> None:
    document = data.draw(DOCUMENTS[kind])
    if kind.__name__ == "Snapshot":
        document = document.model_copy(update={"name": "examples"})
    path = PLACES[kind.__name__](document)
    filing = filing_of(path)
    assert filing is not None
    assert filing.document is kind
    assert filing.place(document, model_of(path)) == path
    assert filing.is_immutable == (kind.__name__ not in CHANGING)


@pytest.mark.parametrize(
    ("path", "version"),
    [
        (layout.version("dates", 107), "dates/107"),
        (layout.evaluation("dates", 7, "abc"), "dates/7"),
        (layout.correction("dates", 7, "abc"), "dates/7"),
        (layout.approval("dates", 107, "abc"), "dates/107"),
        (layout.verdict("dates", 107, "abc"), "dates/107"),
        (layout.proof("dates", 7, "abc"), "dates/7"),
        (layout.standing("dates", 7), "dates/7"),
        (layout.alias("dates", "champion"), ""),
        (layout.model("dates"), ""),
        (layout.FORMAT, ""),
    ],
)
def test_a_path_names_the_version_that_it_belongs_to(path: str, version: str) -> None:
    assert version_of(path) == version


@pytest.mark.parametrize("path", [layout.FORMAT, layout.EVENT, "policy.yaml", "models", "models/x"])
def test_what_this_program_does_not_file_has_no_rule(path: str) -> None:
    assert filing_of(path) is None
