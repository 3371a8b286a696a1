"""The address in what git calls a signer."""

import pytest

from ft_registry.ports.ledger import Signature


@pytest.mark.parametrize(
    ("signer", "email"),
    [
        ("ada@example.org", "ada@example.org"),
        ("Ada <ada@example.org>", "ada@example.org"),
        ("Ada (<x@y.z>) <ada@example.org>", "ada@example.org"),
        ("", ""),
        ("Ada", ""),
        ("Ada <ada>", ""),
    ],
)
def test_the_address_of_a_signer(signer: str, email: str) -> None:
    assert Signature("ok", signer, "").email == email
