"""What a reference names, and what is said where it names nothing."""

import pytest
from tests.fakes.memory_ledger import MemoryLedger
from tests.ledger.changes import begin, write

from ft_registry.actions.resolve import read_record, resolve
from ft_registry.errors import NotFound
from ft_registry.model import layout
from ft_registry.model.reference import VersionReference, parse_reference


@pytest.mark.parametrize("text", ["m/1", "m/latest"])
def test_a_model_that_has_only_baselines_has_no_version(text: str) -> None:
    ledger = MemoryLedger()
    begin(ledger)
    write(ledger, layout.model("m"), b"{}")
    with pytest.raises(NotFound, match=f"found no {text}: m has none yet") as caught:
        read_record(ledger, resolve(ledger, parse_reference(text)))
    assert "register m PATH" in caught.value.hints[0]


def test_a_number_says_nothing_of_whether_it_is_there() -> None:
    ledger = MemoryLedger()
    begin(ledger)
    write(ledger, layout.model("m"), b"{}")
    assert resolve(ledger, parse_reference("m/7")) == VersionReference("m", 7)
