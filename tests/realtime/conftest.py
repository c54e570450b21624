"""A house with its door open, for whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from balcao.store.database import Database
from tests.web.house import House, house


@pytest.fixture
async def here(database: Database) -> AsyncIterator[House]:
    async with house(database) as here:
        yield here
