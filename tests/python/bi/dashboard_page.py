"""The dashboard in Chromium: what stands on the screen, and what its charts asked for."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from conftest import without
from playwright.sync_api import Page, Response, ViewportSize, sync_playwright
from superset_client import ADMIN, Superset

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
# Charts that are far from what is in view are not drawn, so all is.
VIEWPORT: ViewportSize = {"width": 1600, "height": 5000}
SECONDS = 120


class DashboardPage:
    """The dashboard as it is just after it was opened: nothing is chosen, no button is pressed."""

    def __init__(self, page: Page, server: Superset) -> None:
        """Log in, and open it."""
        self._page = page
        self._names = {
            chart["id"]: chart["slice_name"]
            for chart in server.call("GET", "dashboard/factory-metrics/charts")["result"]
        }
        # By the chart's title: the filters of each of its queries, and the rows of the last answer.
        self.asked: dict[str, list[dict[str, Any]]] = {}
        self.answers: dict[str, list[dict[str, Any]]] = {}
        page.request.post(f"{server.url}/login/", form={"username": ADMIN, "password": ADMIN})
        page.on("response", self._note)
        page.goto(f"{server.url}/superset/dashboard/factory-metrics/")

    def _note(self, response: Response) -> None:
        if "/api/v1/chart/data" not in response.url:
            return
        request = json.loads(response.request.post_data or "")
        title = self._names.get(request["form_data"].get("slice_id"))
        if title:
            [query] = request["queries"]
            self.asked.setdefault(title, []).append({of["col"]: of["val"] for of in query["filters"]})
            self.answers[title] = response.json()["result"][0]["data"]

    def tabs(self) -> list[str]:
        """Return the names of the tabs."""
        self._page.get_by_role("tab").first.wait_for(timeout=SECONDS * 1000)
        return self._page.get_by_role("tab").all_inner_texts()

    def open_tab(self, name: str) -> list[str]:
        """Go to a tab, wait until all its charts have what they asked for, and return their titles."""
        self._page.get_by_role("tab", name=name).click()
        charts = self._page.locator("[data-test-chart-name]:visible")
        charts.first.wait_for(timeout=SECONDS * 1000)
        deadline = time.monotonic() + SECONDS
        while True:
            titles = [str(chart.get_attribute("data-test-chart-name")) for chart in charts.all()]
            missing = {*titles} - {*self.answers}
            if not missing:
                return titles
            assert time.monotonic() < deadline, f"charts that got no answer: {missing}"
            self._page.wait_for_timeout(200)

    def number(self, title: str) -> str:
        """Return the text of a big number."""
        chart = self._page.locator(f'[data-test-chart-name="{title}"] .header-line')
        return chart.inner_text(timeout=SECONDS * 1000)

    def table(self, title: str) -> list[list[str]]:
        """Return the texts of a table's cells."""
        rows = self._page.locator(f'[data-test-chart-name="{title}"] tbody tr')
        rows.first.wait_for(timeout=SECONDS * 1000)
        return [row.locator("td").all_inner_texts() for row in rows.all()]


@contextmanager
def opened(server: Superset) -> Iterator[DashboardPage]:
    """Open the dashboard in a browser that finds no host but this machine."""
    program = shutil.which("chromium")
    if program is None:
        without("Chromium (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_context(viewport=VIEWPORT).new_page()
        yield DashboardPage(page, server)
        browser.close()


def on_screen(value: float | str | None) -> str:
    """Return how a value is shown; numbers as Superset's format "adaptive" has them."""
    if value is None:
        return "N/A"
    if isinstance(value, bool | str):
        return str(value).lower() if isinstance(value, bool) else value
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    decimals = 2 if abs(value) >= 1 else 4
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".")
