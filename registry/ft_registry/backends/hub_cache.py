"""Finds where the client of Hugging Face's hub keeps what it downloaded, as it finds it itself."""

from collections.abc import Mapping
from pathlib import Path


def find_hub_cache(environ: Mapping[str, str]) -> Path | None:
    """Returns the folder of the cache; None where nothing says where it would be.

    Args:
        environ: ``HF_HUB_CACHE``, else ``HUGGINGFACE_HUB_CACHE``, else ``hub`` in ``HF_HOME``, else
            in ``huggingface`` in ``XDG_CACHE_HOME``, else in that of ``~/.cache``.
    """
    place = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
    if not place:
        home = environ.get("HF_HOME")
        caches = environ.get("XDG_CACHE_HOME") or "~/.cache"
        place = f"{home or f'{caches}/huggingface'}/hub"
    if place.startswith("~/"):
        user = environ.get("HOME")
        place = f"{user}{place[1:]}" if user else ""
    return Path(place).absolute() if place else None
