"""A real browser, speaking Portuguese, and a whole demo for each journey."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.stage import CHROMIUM, CONTEXT, FLAGS, Desk, Stage


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The browser of the machine."""
    return {"executable_path": CHROMIUM, "args": list(FLAGS)}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    """A Brazilian at a desk, and no animations to wait for."""
    return dict(CONTEXT)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A demo of this journey's own."""
    with tempfile.TemporaryDirectory(prefix="balcao-e2e-") as path, ExitStack() as stack:
        Path(path).chmod(0o711)
        yield Stage(Path(path), stack)


@pytest.fixture
def open_desk(
    browser: Browser, browser_context_args: dict[str, Any], stage: Stage
) -> Iterator[Callable[..., Desk]]:
    """Opens desks, each in a browser context of its own."""
    with ExitStack() as stack:

        def open(email: str, url: str = stage.url) -> Desk:
            context = stack.enter_context(browser.new_context(**browser_context_args))
            return Desk(context.new_page(), url).sign_in(email)

        yield open
