"""Keeps contents on disk by their hash, equal ones once, and lets the oldest go.

What is not remembered over a restart lies in a folder that goes with the simulator. Nothing is
ever whole in memory: a content comes in pieces and is served from its file.
"""

import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from balcao.simulator.formats import HEAD_BYTES

MOST_KEPT = 512 * 1024 * 1024
_MOST_CONTENTS = 20_000
_HASH = re.compile(r"[0-9a-f]{64}")


class TooLarge(Exception):
    """Says that a content is larger than allowed; none of it is kept."""


@dataclass(frozen=True)
class Content:
    """Is what is known of a content: its hash in hex, its size in bytes, how it begins."""

    sha256: str
    size: int
    head: bytes


class Shelf:
    """Keeps contents in a folder, at most so many bytes together."""

    def __init__(self, folder: Path | None = None, most_kept: int = MOST_KEPT) -> None:
        self._lent: TemporaryDirectory[str] | None = None
        self._own = folder
        self._folder = Path()
        self._most_kept = most_kept
        self._sizes: dict[str, int] = {}

    def open(self) -> None:
        """Finds again what an earlier run has kept, or takes a folder for this run."""
        if self._own is None:
            self._lent = TemporaryDirectory(prefix="balcao-media-")
            self._folder = Path(self._lent.name)
        else:
            self._folder = self._own
            self._folder.mkdir(mode=0o700, exist_ok=True)
        there = [(file.stat().st_mtime, file) for file in self._folder.iterdir()]
        for _, file in sorted(there):
            if _HASH.fullmatch(file.name):
                self._sizes[file.name] = file.stat().st_size
            else:
                file.unlink()

    def close(self) -> None:
        """Takes the folder away if it was only for this run."""
        if self._lent is not None:
            self._lent.cleanup()

    async def put(self, pieces: AsyncIterator[bytes], most: int) -> Content:
        """Keeps a content as its pieces come; raises TooLarge above `most` bytes."""
        draft = _Draft(self._folder)
        try:
            async for piece in pieces:
                draft.add(piece)
                if draft.size > most:
                    raise TooLarge
            return self._keep(draft)
        finally:
            draft.drop()

    def put_whole(self, data: bytes) -> Content:
        """Keeps a small content that is there already."""
        draft = _Draft(self._folder)
        draft.add(data)
        return self._keep(draft)

    def find(self, sha256: str) -> Content | None:
        """Is the content with a hash, if it is still kept."""
        if sha256 not in self._sizes:
            return None
        with self.path(sha256).open("rb") as file:
            return Content(sha256, self._sizes[sha256], file.read(HEAD_BYTES))

    def path(self, sha256: str) -> Path:
        """Is where a content that is kept lies."""
        return self._folder / sha256

    def _keep(self, draft: "_Draft") -> Content:
        content = draft.place()
        self._sizes.pop(content.sha256, None)
        self._sizes[content.sha256] = content.size
        while self._is_full() and len(self._sizes) > 1:
            oldest = next(iter(self._sizes))
            del self._sizes[oldest]
            self.path(oldest).unlink(missing_ok=True)
        return content

    def _is_full(self) -> bool:
        return len(self._sizes) > _MOST_CONTENTS or sum(self._sizes.values()) > self._most_kept


class _Draft:
    """Is a content that is still coming in."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{secrets.token_hex(8)}.draft"
        self._file = self._path.open("xb")
        self._hash = hashlib.sha256()
        self._head = b""
        self.size = 0

    def add(self, piece: bytes) -> None:
        self._file.write(piece)
        self._hash.update(piece)
        self._head = (self._head + piece[:HEAD_BYTES])[:HEAD_BYTES]
        self.size += len(piece)

    def place(self) -> Content:
        """Puts it where it is found by its hash."""
        self._file.close()
        content = Content(self._hash.hexdigest(), self.size, self._head)
        self._path.replace(self._path.with_name(content.sha256))
        return content

    def drop(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)
