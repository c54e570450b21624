"""A TCP line that can go dead: whatever is said into it is taken, and arrives nowhere.

Nobody is told that it is dead; connections stay open and silent, as when a firewall in between
has forgotten them.  Kernels have no such fault to switch on everywhere, so it is made here.
"""

from __future__ import annotations

import asyncio
from typing import Self
from urllib.parse import urlsplit

CHUNK = 1 << 16


class Line:
    """Carries connections to one server, in either direction for as long as that is alive."""

    def __init__(self, url: str) -> None:
        """Leads to *url*, from an address of its own."""
        self.forth_is_dead = False
        self.back_is_dead = False
        self.url = ""
        self._far = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for one in self._carrying:
            one.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _connected(
        self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter
    ) -> None:
        far_in, far_out = await asyncio.open_connection(self._far.hostname, self._far.port)
        for task in (
            asyncio.create_task(self._carry(near_in, far_out, forth=True)),
            asyncio.create_task(self._carry(far_in, near_out, forth=False)),
        ):
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, forth: bool
    ) -> None:
        """Carry bytes one way until either end is over; into a dead line they are lost."""
        try:
            while chunk := await reader.read(CHUNK):
                if not (self.forth_is_dead if forth else self.back_is_dead):
                    writer.write(chunk)
                    await writer.drain()
        except OSError:
            return
        finally:
            writer.close()
