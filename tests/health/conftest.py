"""A Graph API that answers what a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.whatsapp.graph import Graph


@pytest.fixture
async def graph() -> AsyncIterator[Graph]:
    async with Graph() as graph:
        yield graph
