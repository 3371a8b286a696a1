"""Data as DVC keeps it, behind the port: described from pointers, tracked and pushed by DVC.

Describing needs no DVC: pointers, cache and listings are documented files. Every byte is hashed;
the cache's modes and DVC's memory of times are not asked.
"""

import json
from pathlib import Path

from ft_registry.backends.dvc.content import HashedData, hash_data
from ft_registry.backends.dvc.pointers import Pointer, find_pointer, find_stage
from ft_registry.backends.dvc.project import DvcProject, find_project
from ft_registry.errors import IntegrityError, InvalidInput, NotFound, Refused
from ft_registry.model.manifest import relative_path
from ft_registry.model.record import Stage
from ft_registry.model.snapshot import DataContent
from ft_registry.ports.code import CodeRepository
from ft_registry.ports.data import TrackedData, Tracking
from ft_registry.readers.files import hash_file


class DvcData:
    """Data of one git work tree.

    Args:
        top: The top level of the work tree.
        code: Reads pointers at other revisions.
        scratch: A folder inside the git directory for DVC's own site cache.
    """

    def __init__(self, top: Path, *, code: CodeRepository, scratch: Path) -> None:
        self._top = top
        self._code = code
        self._scratch = scratch

    def tracks(self, path: Path) -> bool:
        """See `DataStore.tracks`."""
        return self._pointer(self._name(path), rev=None) is not None

    def describe(self, path: Path, *, rev: str | None = None) -> TrackedData:
        """See `DataStore.describe`."""
        name = self._name(path)
        pointer = self._pointer(name, rev=rev)
        project = find_project(self._top / name, top=self._top)
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
            found = hash_data(self._top / name)
            self._compare(name, pointer, found, project)
        else:
            found = self._hash_cached(name, pointer, project)
        content = DataContent(path=name, dvc=found.dvc, sha256=found.sha256, rows=found.rows)
        return TrackedData(content=content, pointer=pointer.file)

    def inspect(self, path: Path) -> tuple[DataContent, bool]:
        """See `DataStore.inspect`."""
        name = self._name(path)
        found = hash_data(self._top / name)
        content = DataContent(path=name, dvc=found.dvc, sha256=found.sha256, rows=found.rows)
        pointer = self._pointer(name, rev=None)
        return content, pointer is not None and pointer.hash.md5 == found.dvc.md5

    def track(self, path: Path) -> Tracking:
        """See `DataStore.track`."""
        name = self._name(path)
        place = self._top / name
        if not place.exists():
            raise NotFound(f"expected data, found nothing at {name}")
        pointer = self._pointer(name, rev=None)
        project = find_project(place, top=self._top)
        if pointer is not None and pointer.file.endswith("dvc.lock"):
            lock = self._top / pointer.file
            return Tracking(self.describe(path), False, (lock, lock.with_name("dvc.yaml")))
        if pointer is not None and pointer.path != name:
            raise Refused(
                f"expected data with a pointer of its own, found {name} inside {pointer.path}, "
                "which DVC tracks as a whole",
                hints=[f"ft-registry data snapshot {pointer.path}"],
            )
        file = place.with_name(place.name + ".dvc")
        if pointer is not None and self._unchanged(place, pointer, project):
            found = self.describe(path)
            return Tracking(found, False, (file,))
        if self._code.keeps(name):
            raise Refused(
                f"expected data that git does not keep, found {name} in git",
                hints=[f"git rm -r --cached {name}, commit, then run this again: DVC takes over"],
            )
        # Imports DVC.
        from ft_registry.backends.dvc.tracking import add

        found_data = add(place, project=project, scratch=self._scratch)
        content = DataContent(
            path=name, dvc=found_data.dvc, sha256=found_data.sha256, rows=found_data.rows
        )
        ignore = place.parent / ".gitignore"
        touched = (file, ignore) if ignore.exists() else (file,)
        return Tracking(TrackedData(content, f"{name}.dvc"), True, touched)

    def push(self, pointers: tuple[str, ...]) -> None:
        """See `DataStore.push`."""
        from ft_registry.backends.dvc.tracking import push

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

    def _pointer(self, name: str, *, rev: str | None) -> Pointer | None:
        if rev is None:
            return find_pointer(name, self._read)
        if self._code.read(".dvc/config", rev=rev) is None:
            raise NotFound(
                f"expected a git revision with a DVC project, found none at {rev!r}",
                hints=["write PATH@REV with a commit, tag or branch"],
            )
        return find_pointer(name, lambda file: self._code.read(file, rev=rev))

    def _unchanged(self, place: Path, pointer: Pointer, project: DvcProject) -> bool:
        if place.is_file() and place.stat().st_size != pointer.hash.size:
            return False
        if not project.object(pointer.hash.md5).exists():
            return False
        return hash_data(place).dvc.md5 == pointer.hash.md5

    def _compare(self, name: str, pointer: Pointer, found: HashedData, project: DvcProject) -> None:
        if pointer.path == name:
            expected = pointer.hash.md5
        else:
            inner = Path(name).relative_to(pointer.path).as_posix()
            expected = self._listing(pointer, project).get(inner, "no such file in the listing")
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
        md5 = pointer.hash.md5
        listed = self._listing(pointer, project) if pointer.is_directory else {"": md5}
        if pointer.path != name:
            inner = Path(name).relative_to(pointer.path).as_posix()
            listed = {"": listed[inner]} if inner in listed else {}
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
                    hints=["delete the object, then dvc fetch brings it from the remote"],
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
                hints=["delete the object, then dvc fetch brings it from the remote"],
            )
        listing = json.loads(place.read_bytes())
        try:
            return {relative_path(entry["relpath"]): entry["md5"] for entry in listing}
        except ValueError as error:
            raise IntegrityError(f"expected paths inside {pointer.path}, found: {error}") from error
