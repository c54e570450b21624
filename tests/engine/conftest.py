"""A desk, a Graph API and a sender between them, and a hall of agents, for whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from balcao import checker
from balcao.engine.sender import Sender
from balcao.store.database import Database
from balcao.whatsapp.client import Client
from tests.engine.counter import Counter, open_counter
from tests.engine.hall import Hall
from tests.engine.hall import hall as open_hall
from tests.engine.outbound import KEY, Desk, sit_down
from tests.whatsapp.graph import Graph


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await sit_down(database)


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with Graph() as graph:
        yield graph


@pytest.fixture
async def sender(database: Database, graph: Graph) -> AsyncIterator[Sender]:
    client = await Client.open(graph.url, "v26.0", answer_seconds=5)
    yield Sender(database, client, seal_key=KEY, access_token="a-token")
    await client.close()


@pytest.fixture
async def hall(dsn: str) -> AsyncIterator[Hall]:
    async with open_hall(dsn) as hall:
        yield hall
        assert await checker.check(hall.database) == []


@pytest.fixture
async def counter(database: Database, graph: Graph) -> AsyncIterator[Counter]:
    async with open_counter(database, graph) as counter:
        yield counter
