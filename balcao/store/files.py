"""What is in the files of messages: kept by its hash, so that equal contents are one file.

They are in a folder, or in a bucket that several machines share.  A content comes in pieces and is
spooled to disk until it is whole and its hash is known; only then it is put into its place, at
once or not at all.  So a row may say that a file is ready as soon as `keep` has returned, and what
a process that died has left behind is nothing.  Nothing is ever changed here.

All of it is done in threads: the library's own way of not blocking lets a process abort where it
ends soon after (obstore 0.12 on Python 3.11).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TypeAlias

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from balcao.domain.media import HEAD_BYTES

WRITE_BYTES = 1 << 20
READ_BYTES = 1 << 18

Store: TypeAlias = ObjectStore


class NoSuchFile(LookupError):
    """The content is not there."""


class Spool:
    """A content on its way in, on disk and nowhere else."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.size = 0
        self.head = b""
        self._waiting = bytearray()
        self._hash = hashlib.sha256()

    async def add(self, piece: bytes) -> None:
        """Take in one more piece."""
        self.size += len(piece)
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self._waiting += piece
        if len(self._waiting) >= WRITE_BYTES:
            await asyncio.to_thread(self._write)

    async def close(self) -> str:
        """Say that it is whole; its SHA-256, in hex."""
        await asyncio.to_thread(self._write)
        return self._hash.hexdigest()

    def _write(self) -> None:
        self._hash.update(self._waiting)
        self.file.write(self._waiting)
        self._waiting = bytearray()


@contextmanager
def spool() -> Iterator[Spool]:
    """A spool, of which nothing is left afterwards."""
    with TemporaryFile() as file:
        yield Spool(file)


class Files:
    """All contents, in a folder or behind an address such as s3://bucket/balcao.

    The keys of a bucket are taken from the environment, as all tools take them (AWS_…).
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._folder = None if "://" in place else Path(place)

    @cached_property
    def _store(self) -> Store:
        """Opened at first use: a folder is made then, for nobody else to look into."""
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(self._folder)
        return from_url(self._place)

    async def keep(self, spooled: Spool, sha256: str) -> None:
        """Keep a whole content under its hash; one that is there already is not written again."""
        await asyncio.to_thread(self._keep, spooled, _path(sha256))

    def _keep(self, spooled: Spool, path: str) -> None:
        try:
            obstore.head(self._store, path)
        except FileNotFoundError:
            spooled.file.seek(0)
            obstore.put(self._store, path, spooled.file)
            if self._folder is not None:
                _sync(self._folder / path)

    async def read(
        self, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The content from byte *start* up to and without *end*; raises NoSuchFile."""
        pieces = self._pieces(sha256, start, end)
        while piece := await asyncio.to_thread(next, pieces, None):
            yield piece

    def _pieces(self, sha256: str, start: int, end: int | None) -> Iterator[bytes]:
        path = _path(sha256)
        try:
            size = obstore.head(self._store, path)["size"]
            end = size if end is None else min(end, size)
            if start < end:
                found = obstore.get(self._store, path, options={"range": (start, end)})
                for piece in found.stream(min_chunk_size=READ_BYTES):
                    yield bytes(piece)
        except FileNotFoundError:
            raise NoSuchFile(sha256) from None


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _sync(path: Path) -> None:
    """Have the file, its name and its folder on the disk, whatever happens to the machine."""
    for one in (path, path.parent, path.parent.parent):
        number = os.open(one, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
