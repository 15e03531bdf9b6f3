"""A page in the browser, as a reader has it."""

from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize

from factory_metrics.project import time_ranges

RANGES = time_ranges()
PHONE: ViewportSize = {"width": 375, "height": 700}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


class Visit:
    """A page in the browser, and all that it asked for and complained of."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:  # noqa: ANN401 - Playwright's
        """Open a page."""
        self.context = browser.new_context(**{"viewport": DESKTOP} | options)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.goto(url)
        self.url = url

    def is_quiet(self) -> bool:
        """Whether the page asked for nothing but itself, and nothing went wrong."""
        others = [url for url in self.requests if url != self.url and not url.startswith("data:")]
        assert not others
        assert not self.faults
        return True

    def texts(self, selector: str) -> list[str]:
        """Return the visible texts of all that a selector finds, white space made single."""
        found = self.page.locator(selector).filter(visible=True).all_inner_texts()
        return [" ".join(text.split()) for text in found]

    def rows(self, name: str) -> list[list[str]]:
        """Return the cells of a table of the range that is shown, also when it is closed."""
        script = """(name) => [...document.querySelectorAll('[data-range] table')]
            .filter(table => table.closest('[data-range]').checkVisibility())
            .filter(table => (table.closest('[role=region]')?.ariaLabel
                ?? table.parentElement.firstChild.textContent).startsWith(name))
            .map(table => [...table.tBodies[0].rows].map(
                row => [...row.cells].map(cell => cell.textContent.trim())))"""
        (found,) = self.page.evaluate(script, name)
        rows: list[list[str]] = found
        return rows

    def choose(self, time_range: str) -> None:
        """Choose a range by keyboard."""
        radio = self.page.locator("input:checked")
        radio.focus()
        at = [*RANGES].index(str(radio.get_attribute("value")))
        steps = RANGES.index(time_range) - at
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")

    def again(self) -> Page:
        """Open the page again, with nothing chosen or focused."""
        self.page.goto("about:blank")
        self.requests.clear()
        self.page.goto(self.url)
        return self.page

    def close(self) -> None:
        """Close it."""
        self.context.close()
