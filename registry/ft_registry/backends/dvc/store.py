"""Data as DVC keeps it, behind the port: described from pointers, tracked and pushed by DVC.

Describing needs no DVC: pointers, cache and listings are documented files. Every byte is hashed;
the cache's modes and DVC's memory of times are not asked.
"""

from functools import partial
from pathlib import Path

from ft_registry.backends.dvc.content import HashedData, hash_data
from ft_registry.backends.dvc.copies import copies_in
from ft_registry.backends.dvc.fetching import bring
from ft_registry.backends.dvc.healing import DataHealing, wounds_at_source
from ft_registry.backends.dvc.imports import Import, find_import
from ft_registry.backends.dvc.listing import parse_listing
from ft_registry.backends.dvc.places import ObjectPlace
from ft_registry.backends.dvc.pointers import Pointer, ReadFile, find_pointer, find_stage
from ft_registry.backends.dvc.project import DvcProject, cache_of_main, find_project
from ft_registry.backends.dvc.remotes import places_of
from ft_registry.backends.dvc.rescue import take_up
from ft_registry.backends.dvc.sources import Source, source_copy
from ft_registry.backends.dvc.tracking import add, default_remote, push
from ft_registry.errors import IntegrityError, InvalidInput, NotARegistry, NotFound, Refused
from ft_registry.model.document import Unknown
from ft_registry.model.healing import Wound
from ft_registry.model.manifest import relative_path
from ft_registry.model.record import Stage
from ft_registry.model.snapshot import DataContent, SourceListing, listing_of
from ft_registry.model.verification import Depth
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.data import DataCopy, TrackedData, Tracking
from ft_registry.ports.healing import Quarantine
from ft_registry.readers.files import hash_file, walk
from ft_registry.readers.lasting_names import check_names

UNREAD = Unknown(unknown="the bytes stay at their source, where nobody read them")


class DvcData:
    """Data of one git work tree.

    Args:
        top: The top level of the work tree; None: the repository is bare.
        code: Reads pointers at other revisions.
        scratch: A folder inside the git directory for DVC's own site cache.
        main: The top level of the main work tree; None: it is this one.
    """

    def __init__(
        self, top: Path | None, *, code: CodeRepository, scratch: Path, main: Path | None = None
    ) -> None:
        self._main = main
        self._work_tree = top
        self._code = code
        self._scratch = scratch
        self._healings: dict[tuple[str, str, str], DataHealing] = {}
        self._known: dict[Path, tuple[DvcProject, list[ObjectPlace]]] = {}

    @property
    def _top(self) -> Path:
        if self._work_tree is None:
            raise NotARegistry(
                "expected a work tree with a DVC project in it, found a bare repository",
                hints=["run this in a clone that has the files checked out"],
            )
        return self._work_tree

    def tracks(self, path: Path) -> bool:
        """See `DataStore.tracks`."""
        try:
            name = self._name(path)
        except InvalidInput:
            return False  # a pipeline may read what lies outside the repository
        if find_import(name, self._read) is not None:
            return True
        return find_pointer(name, self._read) is not None

    def describe(self, path: Path, *, rev: str | None = None) -> TrackedData:
        """See `DataStore.describe`."""
        name = self._name(path)
        project = find_project(self._top / name, top=self._top)
        imported = self._import(name, rev=rev)
        if imported is not None:
            return self._confirmed(imported, project)
        pointer = self._pointer(name, rev=rev, project=project)
        if pointer is None:
            there = (self._top / name).exists()
            where = f" at {rev}" if rev else ""
            if not there and rev is None:
                raise NotFound(f"expected data, found nothing at {name}")
            raise Refused(
                f"expected data that DVC tracks, found no pointer to {name}{where}",
                hints=[f"ft-registry data snapshot {name}"],
            )
        if rev is None and (self._top / name).exists():
            found = self._hash_there(name, project)
            self._compare(name, pointer, found, project)
        else:
            found = self._hash_cached(name, pointer, project)
        content = DataContent(path=name, dvc=found.dvc, sha256=found.sha256, rows=found.rows)
        return TrackedData(content=content, pointer=pointer.file)

    def inspect(self, path: Path) -> tuple[DataContent, bool]:
        """See `DataStore.inspect`."""
        name = self._name(path)
        imported = self._import(name)
        if imported is not None:
            project = find_project(self._top / name, top=self._top)
            return self._confirmed(imported, project).content, True
        found = self._hash_there(name, find_project(self._top / name, top=self._top))
        content = DataContent(path=name, dvc=found.dvc, sha256=found.sha256, rows=found.rows)
        pointer = find_pointer(name, self._read)
        tracked = pointer is not None and pointer.hash.md5 == found.dvc.md5
        if not tracked:
            self._check_trackable(name, pointer)
        return content, tracked

    def check(self, path: Path) -> None:
        """See `DataStore.check`."""
        name = self._name(path)
        if self._import(name) is not None:
            return
        pointer = find_pointer(name, self._read)
        if not (self._top / name).exists():
            raise NotFound(
                f"expected data, found nothing at {name}",
                hints=[_next(self._top / name, pointer)],
            )
        find_project(self._top / name, top=self._top)
        if pointer is None or (pointer.path != name and pointer.file.endswith(".dvc")):
            self._check_trackable(name, pointer)

    def track(self, path: Path) -> Tracking:
        """See `DataStore.track`."""
        name = self._name(path)
        place = self._top / name
        imported = self._import(name)
        if imported is not None:
            data = self._confirmed(imported, find_project(place, top=self._top))
            return Tracking(data, False, (self._top / imported.file, *self._ignoring(place)))
        project = find_project(place, top=self._top)
        take_up(project)
        if not place.exists():
            raise NotFound(f"expected data, found nothing at {name}")
        pointer = find_pointer(name, self._read)
        if pointer is not None and pointer.file.endswith("dvc.lock"):
            lock = self._top / pointer.file
            return Tracking(self.describe(path), False, (lock, lock.with_name("dvc.yaml")))
        found = self._unchanged(name, pointer, project) if pointer is not None else None
        changed = found is None
        if found is None:
            self._check_trackable(name, pointer)
            found = add(place, project=project, scratch=self._scratch)
        content = DataContent(path=name, dvc=found.dvc, sha256=found.sha256, rows=found.rows)
        touched = (place.with_name(place.name + ".dvc"), *self._ignoring(place))
        return Tracking(TrackedData(content, f"{name}.dvc"), changed, touched)

    def _import(self, name: str, *, rev: str | None = None) -> Import | None:
        """Returns the import at a path that was not downloaded.

        Raises:
            Refused: It was, or a part of it: what lies there is named by no hash.
        """
        if rev is not None:
            return find_import(name, partial(self._code.read, rev=rev))
        imported = find_import(name, self._read)
        place = self._top / name
        if imported is None or not place.exists() or (place.is_dir() and not any(place.iterdir())):
            return imported
        raise Refused(
            f"expected nothing at {name}, whose pointer names data at its source, found files: no "
            "hash names what a training reads here",
            hints=[
                f"to put bytes on record, all of them: dvc pull {imported.file}, then dvc commit "
                f"--force {imported.file}, then run this again",
                f"to put the source on record: move {name} away",
            ],
        )

    def _confirmed(self, imported: Import, project: DvcProject) -> TrackedData:
        """Returns an import once its source has confirmed it."""
        source = Source(imported.source, project=project, scratch=self._scratch)
        content = DataContent(
            path=imported.path, dvc=source.confirm(imported), sha256=UNREAD, rows=UNREAD
        )
        return TrackedData(content=content, pointer=imported.file)

    def _listed_by(
        self, content: DataContent, listing: SourceListing, rev: str | None
    ) -> Import | None:
        """Returns the pointer that has the versions of a listing: in the work tree, or in git."""
        reads: list[ReadFile] = [self._read]
        if rev is not None:
            reads.append(partial(self._code.read, rev=rev))
        for read in reads:
            try:
                imported = find_import(content.path, read)
            except Refused:
                continue  # edited since: it is not what is on record
            if imported and listing_of(imported.source, imported.files).key == listing.key:
                return imported
        return None

    def _ignoring(self, place: Path) -> tuple[Path, ...]:
        """Returns the .gitignore that DVC has the data in, unless that line is committed already.

        What else the user has changed in it is the user's to commit.
        """
        file = place.parent / ".gitignore"
        name = file.relative_to(self._top).as_posix()
        committed = self._code.read(name, rev="HEAD") or b""
        known = f"/{place.name}".encode(errors="surrogateescape") in committed.splitlines()
        return () if known or not file.is_file() else (file,)

    def check_push(self, path: Path) -> None:
        """See `DataStore.check_push`."""
        name = self._name(path)
        imported = self._import(name)
        if imported is not None:
            raise Refused(
                f"expected data to upload, found that {name} stays at its source {imported.source}",
                hints=[f"ft-registry data snapshot {name}, without --push"],
            )
        default_remote(find_project(self._top / name, top=self._top))

    def push(self, pointers: tuple[str, ...]) -> None:
        """See `DataStore.push`."""
        by_root: dict[Path, tuple[DvcProject, list[str]]] = {}
        for pointer in pointers:
            project = find_project((self._top / pointer).parent, top=self._top)
            by_root.setdefault(project.root, (project, []))[1].append(str(self._top / pointer))
        for project, targets in by_root.values():
            push(project, targets, scratch=self._scratch)

    def stage_of(self, path: Path) -> Stage | None:
        """See `DataStore.stage_of`."""
        try:
            name = self._name(path)
        except InvalidInput:
            return None  # outside the repository: no pipeline of this one made it
        return find_stage(name, self._read)

    def copies(
        self, content: DataContent, *, depth: Depth, rev: str | None = None
    ) -> list[DataCopy]:
        """See `DataStore.copies`."""
        try:
            project = find_project(self._top / content.path, top=self._top)
        except (NotARegistry, Refused) as error:
            return [DataCopy("DVC", "unknown", reason=error.message)]
        listing = content.dvc
        if isinstance(listing, SourceListing):
            source = Source(listing.source, project=project, scratch=self._scratch)
            imported = self._listed_by(content, listing, rev)
            return [source_copy(source, content, listing, imported)]
        return copies_in(self._places(project), content, depth=depth)

    def bring(self, path: str, md5: str, into: Path) -> str:
        """See `DataStore.bring`."""
        try:
            place = self._top / relative_path(path)
        except ValueError as error:
            raise InvalidInput(f"expected a path in the repository, found {path!r}") from error
        return bring(path, md5, into, self._places(find_project(place, top=self._top)))

    def wounds(self, content: DataContent, *, rev: str | None = None) -> list[Wound]:
        """See `DataHealer.wounds`."""
        if isinstance(content.dvc, SourceListing):
            copies = self.copies(content, depth="full", rev=rev)
            return [wound for copy in copies for wound in wounds_at_source(content, copy)]
        try:
            return self._healing(content, anew=True).wounds()
        except (NotARegistry, Refused) as error:
            return [
                Wound(
                    "data", content.path, content.key, "missing", "DVC",
                    unasked=(f"DVC: {error.message}",),
                )
            ]  # fmt: skip

    def heal(
        self,
        content: DataContent,
        wound: Wound,
        quarantine: Quarantine,
        *,
        file: Path | None = None,
    ) -> None:
        """See `DataHealer.heal`."""
        self._healing(content, anew=False).heal(wound, quarantine, file=file)

    def _healing(self, content: DataContent, *, anew: bool) -> DataHealing:
        """Returns the healing of a dataset; the last one has read its listing already."""
        key = (content.path, content.key, content.identity)
        if anew or key not in self._healings:
            here = self._top / content.path
            project = find_project(here, top=self._top)
            default = project.settings.get("core", {}).get("remote")
            self._healings[key] = DataHealing(
                content, self._places(project), default=default, here=here
            )
        return self._healings[key]

    def _places(self, project: DvcProject) -> list[ObjectPlace]:
        """Returns the same places for the same project: they remember who did not answer."""
        known, places = self._known.get(project.root, (None, []))
        if known != project:
            beside = cache_of_main(project, top=self._top, main=self._main) if self._main else None
            places = places_of(project, scratch=self._scratch, beside=beside)
            self._known[project.root] = project, places
        return places

    def _name(self, path: Path) -> str:
        absolute = path if path.is_absolute() else Path.cwd() / path
        # Not resolve(): a link in the data is refused when it is hashed, by its own name.
        try:
            parent = absolute.parent.resolve()
            return relative_path((parent / absolute.name).relative_to(self._top).as_posix())
        except ValueError as error:
            raise InvalidInput(
                f"expected a path inside the repository {self._top}, found {path}",
                hints=["move the data into the repository: DVC tracks nothing outside"],
            ) from error

    def _read(self, name: str) -> bytes | None:
        file = self._top / name
        return file.read_bytes() if file.is_file() else None

    def _pointer(self, name: str, *, rev: str | None, project: DvcProject) -> Pointer | None:
        if rev is None:
            return find_pointer(name, self._read)
        config = (project.root / ".dvc" / "config").relative_to(self._top).as_posix()
        if self._code.read(config, rev=rev) is None:
            raise NotFound(
                f"expected a git revision with a DVC project, found none at {rev!r}",
                hints=["write PATH@REV with a commit, tag or branch"],
            )
        return find_pointer(name, lambda file: self._code.read(file, rev=rev))

    def _check_trackable(self, name: str, pointer: Pointer | None) -> None:
        """Raises Refused where a pointer to the path cannot be made, or should not be."""
        place = self._top / name
        if pointer is not None and pointer.path != name:
            raise Refused(
                f"expected data with a pointer of its own, found {name} inside {pointer.path}, "
                "which DVC tracks as a whole",
                hints=[f"ft-registry data snapshot {pointer.path}"],
            )
        if place.is_symlink():
            raise Refused(
                f"expected data, found a link at {name}",
                hints=["put a copy of what it leads to in its place"],
            )
        if not place.is_file() and not place.is_dir():
            raise Refused(f"expected a file or folder, found a pipe, socket or device at {name}")
        files = (file for file in place.rglob("*") if not file.is_dir())
        if not any(file.lstat().st_size for file in ((place,) if place.is_file() else files)):
            raise Refused(
                f"expected data, found nothing in {name}: it has no bytes",
                hints=["write the data first, or name where it lies"],
            )
        inner = next((file for file in place.rglob("*.dvc") if file.is_file()), None)
        if inner is not None:
            part = inner.relative_to(self._top).with_suffix("").as_posix()
            raise Refused(
                f"expected data that is tracked as a whole, found {name} around {part}, which has "
                "a pointer of its own",
                hints=[
                    f"ft-registry data snapshot {part}",
                    f"to track {name} as a whole: dvc remove {part}.dvc, commit, run this again",
                ],
            )
        if self._code.keeps(name):
            raise Refused(
                f"expected data that git does not keep, found {name} in git",
                hints=[f"git rm -r --cached {name}, commit, then run this again: DVC takes over"],
            )
        inside = walk(place) if place.is_dir() else []
        check_names(place.parent, [place.name, *(f"{place.name}/{one}" for one in inside)])

    def _unchanged(self, name: str, pointer: Pointer, project: DvcProject) -> HashedData | None:
        """Returns what the data is, if it is what its own pointer says and the cache has it."""
        place = self._top / name
        if place.is_file() and place.stat().st_size != pointer.hash.size:
            return None
        if pointer.path != name or not project.object(pointer.hash.md5).exists():
            return None
        found = self._hash_there(name, project)
        return found if found.dvc.md5 == pointer.hash.md5 else None

    def _hash_there(self, name: str, project: DvcProject) -> HashedData:
        """Hashes what lies in the work tree; `cache.type = symlink` makes links into the cache."""
        place = self._top / name
        if not place.is_dir():
            return hash_data(place)
        files = {inner: place / inner for inner in walk(place, follow_links=True)}
        for file in files.values():
            if file.is_symlink() and not file.resolve().is_relative_to(project.cache):
                raise Refused(
                    f"expected files and folders only, found a link: {file}",
                    hints=["put a copy of the file in its place"],
                )
        return hash_data(place, names=files)

    def _expected(self, name: str, pointer: Pointer, project: DvcProject) -> str:
        """Returns the MD5 that the pointer gives a path, or a file inside its folder."""
        if pointer.path == name:
            return pointer.hash.md5
        inner = Path(name).relative_to(pointer.path).as_posix()
        listed = self._listing(pointer, project)
        if inner in listed:
            return listed[inner]
        if any(other.startswith(f"{inner}/") for other in listed):
            raise Refused(
                f"expected data with a hash of its own, found {name}, a part of {pointer.path}",
                hints=[f"name the whole, {pointer.path}, or single files of it"],
            )
        raise NotFound(
            f"expected {name} in the snapshot of {pointer.path} ({pointer.file}), found that it "
            "lists no such file",
            hints=[f"was it added since? ft-registry data snapshot {pointer.path}"],
        )

    def _compare(self, name: str, pointer: Pointer, found: HashedData, project: DvcProject) -> None:
        expected = self._expected(name, pointer, project)
        if found.dvc.md5 == expected:
            return
        differing = ""
        if found.dvc.md5.endswith(".dir") and project.object(expected).is_file():
            listed = self._listing(pointer, project)
            names = sorted(n for n in listed | found.files if listed.get(n) != found.files.get(n))
            differing = f"; differing files: {', '.join(names[:5])}{' ...' * (len(names) > 5)}"
        raise IntegrityError(
            f"expected {name} at md5 {expected} ({pointer.file}), found {found.dvc.md5}{differing}",
            hints=[
                f"to keep what is there now: ft-registry data snapshot {pointer.path}"
                if pointer.file.endswith(".dvc")
                else "to keep what is there now: dvc commit, or dvc repro to make it again",
                f"to go back to what was tracked: dvc checkout {pointer.path}",
            ],
        )

    def _hash_cached(self, name: str, pointer: Pointer, project: DvcProject) -> HashedData:
        md5 = self._expected(name, pointer, project) if pointer.is_directory else pointer.hash.md5
        listed = self._listing(pointer, project) if md5.endswith(".dir") else {"": md5}
        places = {relative: project.object(child) for relative, child in listed.items()}
        missing = sorted(relative for relative, place in places.items() if not place.is_file())
        if missing or not places:
            raise NotFound(
                f"expected {name} ({pointer.file}, md5 {md5}) in the cache {project.cache}, found "
                f"{len(missing) or 'all'} of its files missing",
                hints=["dvc fetch, or dvc pull with the revision checked out"],
            )
        found = hash_data(self._top / name, names=places)
        for relative, child in listed.items():
            if found.files[relative] != child:
                raise IntegrityError(
                    f"expected the cache object {places[relative]} at md5 {child}, found "
                    f"{found.files[relative]}: it is damaged",
                    hints=[
                        "of a version: ft-registry verify --heal; else delete it, then dvc fetch"
                    ],
                )
        return found

    def _listing(self, pointer: Pointer, project: DvcProject) -> dict[str, str]:
        """Returns MD5 by relative path of a tracked folder, from bytes that were checked."""
        place = project.object(pointer.hash.md5)
        if not place.is_file():
            raise NotFound(
                f"expected the listing of {pointer.path} in the cache, found none at {place}",
                hints=["dvc fetch"],
            )
        if hash_file(place, "md5")[0] + ".dir" != pointer.hash.md5:
            raise IntegrityError(
                f"expected the listing {place} at its own md5, found other bytes: it is damaged",
                hints=["of a version: ft-registry verify --heal; else delete it, then dvc fetch"],
            )
        return parse_listing(place.read_bytes(), place=place, folder=pointer.path)


def _next(place: Path, pointer: Pointer | None) -> str:
    """Returns what to do where nothing lies."""
    if pointer is not None:
        return f"dvc pull {pointer.file} brings what its pointer names"
    if place.is_symlink():
        return "it is a link that leads nowhere: put a copy of what it means in its place"
    return "is the path right? it counts from the current folder"
