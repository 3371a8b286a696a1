"""Makes a site of the registry: plain files that any host of pages serves, with no program."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ft_registry.actions.folder import built_aside, check_target, find_made, finish_filling
from ft_registry.actions.lineage import made_from
from ft_registry.actions.loaded import Loaded, load
from ft_registry.actions.resolve import require_model
from ft_registry.actions.score_history import score_history
from ft_registry.actions.stories import model_story, read_moves
from ft_registry.errors import IntegrityError, InvalidInput
from ft_registry.faultpoints import faultpoint
from ft_registry.formats.lineage_page import lineage_page
from ft_registry.formats.report_page import report_page
from ft_registry.formats.site_pages import index_page, model_page, version_links, version_trail
from ft_registry.model import layout
from ft_registry.model.canonical import parse_json
from ft_registry.model.names import model_name
from ft_registry.model.reference import VersionReference
from ft_registry.model.story import ModelStory
from ft_registry.ports.ledger import Ledger
from ft_registry.readers.links import resolved

LIST = ".ft-registry-site.json"
"""Beside the pages: it names every file of the site, so that nobody else's is ever replaced."""
_DRAWN = 100
"""Versions whose scores the page of a model draws."""
_NAMED = 3


@dataclass(frozen=True)
class Site:
    """The files of a site, by path."""

    files: Mapping[str, bytes]
    models: int
    versions: int
    head: str
    """Of the ledger that it was made from."""
    notices: tuple[str, ...] = ()


def make_site(ledger: Ledger, model: str | None = None) -> Site:
    """Makes every page.

    Args:
        ledger: The truth.
        model: Only this one; None: all.

    Raises:
        NotARegistry: There is no ledger here.
        NotFound: There is no such model.
    """
    if model is not None:
        require_model(ledger, model_name(model))
    loaded = load(ledger, "models")
    names = [model] if model is not None else _models(loaded)
    stories = []
    for name in names:
        moves, why = read_moves(ledger, name)
        told = model_story(loaded, name, last=None)
        stories.append(replace(told, moves=moves, without_moves=why))
    head = loaded.head() or ""
    pages = {"index.html": index_page(stories, at=head).encode()}
    for story in stories:
        pages |= _pages(story, loaded, head)
    listed = {"made_by": "ft-registry report", "head": head, "files": sorted(pages)}
    return Site(
        files={**pages, LIST: json.dumps(listed, indent=1).encode()},
        models=len(stories),
        versions=sum(story.count for story in stories),
        head=head,
        notices=tuple(f"{one.name}: {one.without_moves}" for one in stories if one.without_moves),
    )


def _models(loaded: Loaded) -> list[str]:
    return sorted({path.split("/")[1] for path in loaded.paths("models")})


def _pages(model: ModelStory, loaded: Loaded, head: str) -> dict[str, bytes]:
    folder = f"models/{model.name}"
    history = score_history(loaded, model.name, last=_DRAWN)
    pages = {f"{folder}/index.html": model_page(model, history, at=head)}
    contents = {}
    for story in model.versions:
        version = VersionReference(model.name, story.record.version)
        own = f"{folder}/{version.number}"
        trail, links = version_trail(story), version_links()
        pages[f"{own}/index.html"] = report_page(story, at=head, trail=trail, links=links)
        beside = version_trail(story, here="lineage")
        pages[f"{own}/lineage.html"] = lineage_page(made_from(loaded, version), trail=beside)
        record = layout.version(model.name, version.number)
        contents[f"{own}/record.json"] = loaded.read_many([record])[record]
    return {**{path: text.encode() for path, text in pages.items()}, **contents}


def write_site(site: Site, into: Path, *, nonce: str) -> None:
    """Writes a site into a folder that is new, empty, or holds an older one, which is replaced.

    Args:
        site: What to write.
        into: The folder.
        nonce: Tells this site from others that are being made.

    Raises:
        Conflict: Another process is at work there.
        InvalidInput: The folder holds what no site of ours put there; or none can be made there.
        FtRegistryError: The files cannot be written. An older site stays as it was.
    """
    _finish(into)
    older = _older(into)
    if older is None:
        with built_aside(check_target(into, apart_from=()), nonce) as aside:
            _write(site, aside)
        return
    aside = older.with_name(f"{older.name}.new-{nonce}")
    with built_aside(aside, nonce) as building:
        _write(site, building)
    left = older.with_name(f"{older.name}.old-{nonce}")
    try:
        faultpoint("file.place")
        older.rename(left)
        try:
            aside.rename(older)
        except OSError:
            left.rename(older)
            raise
    except OSError as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise InvalidInput(
            f"expected to replace the site in {into}, found: {error.strerror}",
            hints=["choose a folder of its own, which nothing is mounted on"],
        ) from error
    shutil.rmtree(left)


def _finish(into: Path) -> None:
    """Fills in the rest of a site of ours; what somebody restored there is not ours to finish."""
    try:
        target = resolved(into)
    except OSError:  # told where a folder is to be made there
        return
    if find_made(target, LIST) is not None:
        finish_filling(target)


def _write(site: Site, folder: Path) -> None:
    for path, content in site.files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def _older(into: Path) -> Path | None:
    """Returns the folder of an older site; None: there is none.

    Raises:
        InvalidInput: There is one, with files of somebody else in it.
    """
    if not (into / LIST).is_file():
        return None
    folder = into.resolve()
    try:
        listed = [
            str(name) for name in parse_json((folder / LIST).read_bytes(), what=LIST)["files"]
        ]
    except (IntegrityError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"expected {into / LIST} as ft-registry report writes it, found another document",
            hints=["choose a folder that does not exist yet"],
        ) from error
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_file(path)}
    if foreign := sorted(there - {LIST, *listed}):
        raise InvalidInput(
            f"expected nothing but an older site in {into}, found {_some(foreign)}",
            hints=["take it out, or choose another folder: the older site is replaced whole"],
        )
    return folder


def _is_file(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
