"""Indexes of examples as Arrow files (IPC format, one column of 64-bit words a hash).

Rows are taken in any order and come out sorted, in memory that does not grow with them: once there
are many they are dealt by their first bits into files, each of which is sorted by itself.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from ft_registry.errors import BackendUnavailable, IntegrityError
from ft_registry.examples.kernel import ROW_BYTES
from ft_registry.examples.table import HashTable, RootHasher, table_of
from ft_registry.model.examples import ExampleIndex
from ft_registry.ports.example_index import WrittenIndex

_COLUMNS = ("high", "low", "normal", "prompt")
_METADATA = b"ft-registry"
_FORMAT = 2
_SUBJECT_BYTES = 8
_FEW_BYTES = 8 << 20
"""Rows up to here stay in memory."""
_SHELVES = 64


class ArrowWriter:
    """Writes one index.

    Args:
        scratch: A folder for what does not fit into memory.
        key: The name of the secret of its hashes.
    """

    def __init__(self, scratch: Path, *, key: str) -> None:
        self._scratch = scratch
        self._key = key
        self._parts: list[tuple[bytes, bytes]] = []
        self._held = 0
        self._stack = ExitStack()
        self._shelves: list[IO[bytes]] = []
        self._row_bytes = ROW_BYTES

    def __enter__(self) -> Self:
        """See `IndexWriter.__enter__`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See `IndexWriter.__exit__`."""
        del kind, error, trace
        self._stack.close()

    def add(self, hashes: bytes, subjects: bytes) -> None:
        """See `IndexWriter.add`."""
        if not hashes:
            return
        self._parts.append((hashes, subjects))
        self._held += len(hashes)
        if subjects:
            self._row_bytes = ROW_BYTES + _SUBJECT_BYTES
        if self._held > _FEW_BYTES:
            self._deal()

    def finish(self, file: Path) -> WrittenIndex:
        """See `IndexWriter.finish`."""
        import pyarrow as pa

        names = _COLUMNS + (("subject",) if self._row_bytes > ROW_BYTES else ())
        about = json.dumps({"format": _FORMAT, "key": self._key}, sort_keys=True).encode()
        schema = pa.schema([(name, pa.uint64()) for name in names], metadata={_METADATA: about})
        rows = duplicates = 0
        normals = []
        try:
            with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
                hasher = RootHasher()
                for table in self._tables():
                    rows += len(table)
                    first = table.is_first
                    duplicates += int(len(table) - first.sum())
                    normals.append(table.normal[first])
                    hasher.add(table)
                    columns = [getattr(table, name) for name in names]
                    # Not `pa.array`: it imports pandas, to ask whether the column is one of its.
                    arrays = [
                        pa.Array.from_buffers(
                            pa.uint64(), len(column), [None, pa.py_buffer(column)]
                        )
                        for column in columns
                    ]
                    writer.write_batch(pa.record_batch(arrays, schema=schema))
        except OSError as error:
            file.unlink(missing_ok=True)
            raise BackendUnavailable(
                f"expected to write the index {file}, found: {error.strerror or error}"
            ) from error
        finally:
            self._stack.close()
        words = np.concatenate(normals) if normals else np.empty(0, dtype=np.uint64)
        words.sort()  # np.unique takes 15 times as long
        near = int(np.count_nonzero(words[1:] == words[:-1]))
        return WrittenIndex(rows, hasher.root, duplicates, near)

    def _deal(self) -> None:
        """Puts what is held on the shelves, by the first bits of the exact hash."""
        if not self._shelves:
            folder = Path(
                self._stack.enter_context(TemporaryDirectory(prefix="index-", dir=self._scratch))
            )
            self._shelves = [
                self._stack.enter_context((folder / str(number)).open("w+b"))
                for number in range(_SHELVES)
            ]
        joined = self._joined()
        shelves = joined[:, 0] >> 2
        order = np.argsort(shelves, kind="stable")
        edges = np.searchsorted(shelves[order], np.arange(_SHELVES + 1))
        for shelf, (start, stop) in enumerate(pairwise(edges)):
            self._shelves[shelf].write(joined[order[start:stop]].tobytes())
        self._parts.clear()
        self._held = 0

    def _joined(self) -> Any:
        """Returns what is held as rows of bytes, the subject behind the hashes."""
        hashes = np.frombuffer(b"".join(rows for rows, _ in self._parts), dtype=np.uint8)
        rows = hashes.reshape(-1, ROW_BYTES)
        if self._row_bytes == ROW_BYTES:
            return rows
        named = np.frombuffer(b"".join(names for _, names in self._parts), dtype=np.uint8)
        return np.hstack([rows, named.reshape(-1, _SUBJECT_BYTES)])

    def _tables(self) -> Iterator[HashTable]:
        if not self._shelves:
            if self._parts:
                yield self._table(self._joined())
            return
        if self._parts:
            self._deal()
        for shelf in self._shelves:
            shelf.seek(0)
            data = shelf.read()
            if data:
                yield self._table(np.frombuffer(data, np.uint8).reshape(-1, self._row_bytes))

    def _table(self, rows: Any) -> HashTable:
        return table_of(rows[:, :ROW_BYTES].tobytes(), rows[:, ROW_BYTES:].tobytes())


def read_index(file: Path, index: ExampleIndex) -> HashTable:
    """Returns the hashes of an index, mapped from its file.

    Args:
        file: Arrow's IPC file.
        index: What is on record of it.

    Raises:
        IntegrityError: It is no such file, or says other things of itself than the record.
    """
    import pyarrow as pa

    try:
        with pa.memory_map(str(file)) as source:
            table = pa.ipc.open_file(source).read_all()
            about = json.loads((table.schema.metadata or {}).get(_METADATA, b"{}"))
            said = (about.get("format"), table.num_rows)
            columns = {name: _column(table, name) for name in table.column_names}
            high, low, normal, prompt = (columns[name] for name in _COLUMNS)
    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
        raise _damaged(file, index, str(error)) from error
    if said != (_FORMAT, index.rows):
        raise _damaged(file, index, f"{said[1]} of format {said[0]}")
    return HashTable(high, low, normal, prompt, columns.get("subject"))


def _damaged(file: Path, index: ExampleIndex, found: str) -> IntegrityError:
    return IntegrityError(
        f"expected an index of {index.rows} examples at {file}, found: {found}",
        hints=["remove it: it is found again, or made by ft-registry data snapshot"],
    )


def _column(table: Any, name: str) -> Any:
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype=np.uint64)[chunk.offset : chunk.offset + len(chunk)]
        for chunk in table.column(name).chunks
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
