"""The cache of the hub's client is looked for where the client has it."""

from pathlib import Path

import pytest

from ft_registry.backends.hub_cache import find_hub_cache


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"HF_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HUGGINGFACE_HUB_CACHE": "/a", "HF_HOME": "/b"}, "/a"),
        ({"HF_HOME": "/b", "XDG_CACHE_HOME": "/c"}, "/b/hub"),
        ({"HF_HOME": "~/b", "HOME": "/home/ada"}, "/home/ada/b/hub"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/home/ada"}, "/c/huggingface/hub"),
        ({"HF_HOME": "", "HOME": "/home/ada"}, "/home/ada/.cache/huggingface/hub"),
    ],
)
def test_the_cache_is_where_the_client_has_it(environ: dict[str, str], found: str) -> None:
    assert find_hub_cache(environ) == Path(found)


def test_without_a_home_there_is_no_cache() -> None:
    assert find_hub_cache({}) is None
