"""The studio of the screenshots: a demo, the people's browsers, and a camera for both themes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.e2e.stage import CONTEXT, Desk, Phone, Stage

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
# Wide enough for all three panes with the names of all buttons, and not larger.
USUAL = ViewportSize(width=1440, height=760)
NARROW = ViewportSize(width=390, height=844)


class Studio:
    """What a scene has to play with."""

    def __init__(self, stage: Stage, browser: Browser, stack: ExitStack) -> None:
        self.stage = stage
        self._browser = browser
        self._stack = stack

    def page(self, size: ViewportSize = USUAL) -> Page:
        """A page in a browser of its own."""
        context = self._browser.new_context(**{**CONTEXT, "viewport": size})
        self._stack.callback(context.close)
        return context.new_page()

    def desk(self, who: str) -> Desk:
        """The desk of an agent who is available."""
        return Desk(self.page(), self.stage.url).sign_in(f"{who}@demo").become_available()

    def caller(self, desk: Desk, name: str, text: str) -> Phone:
        """A customer whose request *desk* has accepted."""
        phone = self.stage.phone(name)
        phone.write(text)
        desk.accept(phone)
        return phone


def shoot(page: Page, name: str) -> None:
    """Keep what the page shows, in both themes."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        themed = page.locator(f"html[data-theme={theme}], html[data-theme=system]")
        expect(themed).to_have_count(1)
        page.evaluate("document.fonts.ready.then(() => null)")
        page.screenshot(path=FOLDER / f"{name}-{theme}.png")
    page.emulate_media(color_scheme="light")


def shoot_narrow(page: Page, name: str) -> None:
    """Keep what a phone would show."""
    with resized(page, NARROW):
        shoot(page, f"{name}-narrow")


@contextmanager
def resized(page: Page, size: ViewportSize) -> Iterator[None]:
    """The page in another size for the while."""
    before = page.viewport_size
    assert before is not None
    page.set_viewport_size(size)
    yield
    page.set_viewport_size(before)


def say(desk: Desk, text: str, reads: int) -> None:
    """Answer, and wait until the customer has read as many answers."""
    desk.say(text)
    read = desk.page.get_by_role("img", name="Lida")
    expect(read).to_have_count(reads, timeout=20_000)


def hear(desk: Desk, phone: Phone, text: str) -> None:
    """Let the customer write, and wait until the desk shows it."""
    phone.write(text)
    expect(line(desk, text.replace("*", ""))).to_be_visible()


def line(desk: Desk, text: str) -> Locator:
    """A line of the open thread."""
    return desk.page.get_by_role("main").get_by_text(text)
