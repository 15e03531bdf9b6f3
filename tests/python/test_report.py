"""The page for people, in Chromium: the documents' numbers, for every reader, without any request."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from api_client import Api, error_of, eventually, serving
from axe_playwright_python.sync_playwright import Axe
from conftest import Warehouse, without
from page_visit import DESKTOP, PHONE, RANGES, Visit
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from reference_factory import length_text

import write_report
from factory_metrics.api import pages
from factory_metrics.api.errors import ApiError
from factory_metrics.documents.contract import METRIC_TYPES, StationMetrics
from factory_metrics.documents.marts import Mart
from factory_metrics.documents.output import MANIFEST, Selection, folder_name
from factory_metrics.project import UserError
from factory_metrics.report import formats
from factory_metrics.report.charts import Bar, row_bars
from factory_metrics.report.source import Source, read_source
from factory_metrics.report.window import station_cards

ORG = "acme-robotics"
MARTS = Selection().marts(RANGES)
EVIL = (
    "</script></style></svg><img src=http://evil.example/x onerror=\"document.title='run'\">"
    "'\"\u202e\x07\u05d0{{7*7}}"
)

# Takes axe-core a fraction of the time of all its rules.
CONTRAST: dict[str, object] = {"runOnly": ["color-contrast"]}
OPEN_ALL = "document.querySelectorAll('details').forEach(details => { details.open = true; })"

Documents = dict[str, dict[str, Any]]


# The demo's page


@pytest.fixture(scope="module")
def demo(demo: Warehouse) -> Warehouse:
    """Run `make report` on the demo."""
    documents = demo.serialize()
    page = demo.folder / "report.html"
    result = demo.run("make", "report", f"DOCUMENTS={documents}", f"REPORT={page}")
    assert result.returncode == 0, result.stdout + result.stderr
    return demo


@pytest.fixture(scope="module")
def documents(demo: Warehouse) -> Documents:
    """Return what is under `metrics`, by range and metric type."""
    return {
        name: {of: metrics(demo.folder / "documents", of, name) for of in METRIC_TYPES} for name in RANGES
    }


def metrics(folder: Path, metric_type: str, time_range: str, org: str = ORG) -> Any:  # noqa: ANN401 - JSON
    file = folder / folder_name(org) / metric_type / f"{time_range}.json"
    return json.loads(file.read_bytes())["metrics"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium once; it finds no host but this machine."""
    program = shutil.which("chromium")
    if program is None:
        without("Chromium (Debian: chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def visit(browser: Browser, demo: Warehouse) -> Iterator[Visit]:
    """Open the demo's page."""
    opened = Visit(browser, (demo.folder / "report.html").as_uri())
    yield opened
    opened.close()


# What is shown


def usd(amount: float) -> str:
    last_digit = Decimal("0.0001" if 0 < amount < 1 else "0.01")
    return f"${Decimal(str(amount)).quantize(last_digit, ROUND_HALF_UP):,}"  # ties go up


def length(milliseconds: int) -> str:
    return length_text(Fraction(milliseconds * 1000))


def name_of(station: str) -> str:
    return {"qa": "QA"}.get(station, station.capitalize())


@pytest.mark.parametrize("time_range", [*RANGES, "30d"])
def test_numbers_are_the_documents(visit: Visit, documents: Documents, time_range: str) -> None:
    visit.choose(time_range)
    found = documents[time_range]
    aggregate, cost, handoff, phase = (found[name] for name in ("aggregate", "cost", "handoff", "phase"))
    infra = found["devops"]["infra"]
    assert visit.texts("h1") == [ORG]
    assert visit.texts("header .note") == ["As of 2026-06-30 12:00 UTC"]
    assert visit.texts(".window")[0].startswith(f"The {time_range[:-1]} days from ")
    assert visit.texts(".figure .value") == [
        f"{aggregate['totalIssues']}",
        usd(aggregate["totalCost"]),
        length(aggregate["avgCycleTimeMs"]),
        f"{aggregate['avgYield']:.1f}%",
        f"{aggregate['throughputPerDay']:.2f}/day",
        usd(aggregate["totalCost"]),
        usd(cost["avgCostPerIssue"]),
        length(handoff["avgReviewLatencyMs"]),
        f"{handoff['acceptanceRate'] * 100:.1f}%",
        f"{handoff['overrideFrequency'] * 100:.1f}%",
        f"{handoff['handoffFrictionScore']:.2f}",
        f"{phase['reworkLoops']['totalReworks']}",
        f"{phase['reworkLoops']['totalCompleted']}",
        f"{phase['reworkLoops']['avgCyclesPerIssue']:.2f}",
        infra["deploymentFrequency"],
        infra["leadTimeForChanges"],
        infra["changeFailureRate"],
        infra["meanTimeToRecovery"],
        f"{infra['uptimePct']:.1f}%",
        f"{infra['openIncidents']}",
        f"{infra['activeDeployments']}",
    ]
    assert [re.sub(r"% [A-Z].*", "%", text) for text in visit.texts(".stations > li")] == [
        f"{name_of(of['station'])} {of['wipCount']} in progress Passed on {of['throughput']} "
        f"Time {length(of['cycleTimeMs'])} Yield {of['yield']:.1f}%"
        for of in found["station"]
    ]
    assert visit.rows("Table of providers") == [
        [
            of["provider"],
            str(of["totalRuns"]),
            f"{of['successRate']:.1f}%",
            usd(of["avgCost"]),
            length(of["avgDurationMs"]),
            f"{of['costEfficiency']:,.1f}",
        ]
        for of in found["provider"]
    ]
    assert [row[1] for row in visit.rows("Cost by day")] == [usd(of["cost"]) for of in cost["costTrend"]]
    assert visit.rows("Cost per issue, by station") == [
        [name_of(of["station"]), usd(of["cost"])] for of in cost["costPerStation"]
    ]
    assert visit.rows("Human against") == [
        ["Agents", f"{cost['agentTimePct']:.1f}%"],
        ["People", f"{cost['humanTimePct']:.1f}%"],
    ]
    assert [row[1] for row in visit.rows("Overrides")] == [
        str(of["count"]) for of in handoff["overrideTimeline"]
    ]
    assert visit.rows("Time per issue") == [
        [name_of(of["phase"]), length(of["avgCycleTimeMs"])] for of in phase["phases"]
    ]
    assert visit.rows("Cost per issue, by phase") == [
        [name_of(of["phase"]), usd(of["avgCostUsd"])] for of in phase["phases"]
    ]
    assert visit.rows("Escalation") == [
        [of["strategy"], f"{of['count']} ({of['percentage']:.1f}%)"] for of in phase["escalationDistribution"]
    ]
    devops = found["devops"]
    assert [row[1] for row in visit.rows("Table of deployments")] == [
        of["environment"] for of in devops["deployments"]
    ]
    assert [row[6] for row in visit.rows("Table of pipeline runs")] == [
        of["commit"] for of in devops["pipelines"]
    ]
    assert [row[0] for row in visit.rows("Table of incidents")] == [of["title"] for of in devops["incidents"]]
    assert visit.is_quiet()


def test_bars_are_as_long_as_their_numbers(visit: Visit, documents: Documents) -> None:
    visit.choose("30d")
    costs = [of["cost"] for of in documents["30d"]["cost"]["costTrend"]]
    bars = '[data-range="30d"] .chart[aria-label*="cost by day"] path:has(title)'
    heights = visit.page.evaluate(
        "bars => [...document.querySelectorAll(bars)].map(bar => bar.getBBox().height)", bars
    )
    assert len(heights) == len(costs) == 30
    assert heights == pytest.approx([cost * max(heights) / max(costs) for cost in costs], abs=0.3)
    hovered = visit.page.locator('[data-range="30d"] path title').first.text_content()
    assert hovered == f"1 Jun 2026: {usd(costs[0])}"


@pytest.mark.parametrize(
    ("first", "tags"),
    [
        pytest.param([(1, 5), (9, 8), (1, 5)], ["", "Likely bottleneck", ""], id="both"),
        pytest.param([(1, 5), (1, 8), (9, 5)], ["", "Slowest", "Longest queue"], id="one each"),
        pytest.param([(0, 0), (0, 0), (0, 0)], ["", "", ""], id="nothing"),
    ],
)
def test_what_stands_out_in_the_pipeline(
    demo: Warehouse, first: list[tuple[int, int]], tags: list[str]
) -> None:
    stations = [
        StationMetrics(of["station"], waiting, 10 if time else 0, time, 100.0)
        for of, (waiting, time) in zip(
            metrics(demo.folder / "documents", "station", "7d"), [*first, (0, 0), (0, 0), (0, 0)], strict=True
        )
    ]
    found = [
        "Likely bottleneck"
        if card.is_likely_bottleneck
        else "Longest queue" * card.has_longest_queue or "Slowest" * card.is_slowest
        for card in station_cards(stations, 7)
    ]
    assert found == [*tags, "", "", ""]


# For every reader


def faults(page: Page, rules: dict[str, object] | None) -> list[str]:
    """Return what axe-core finds by these rules, and parts of charts, which it skips, without contrast."""
    found = [
        f"{fault['id']}: {fault['nodes'][0]['html']}"
        for fault in Axe().run(page, options=rules).response["violations"]
    ]
    script = """() => {
        const light = colour => {
            const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
                .map(c => c / 255).map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
            return .2126 * r + .7152 * g + .0722 * b + .05;
        };
        return [...document.querySelectorAll('.card .chart text, .card .chart path:has(title)')]
            .filter(mark => mark.checkVisibility())
            .map(mark => {
                const card = getComputedStyle(mark.closest('.card')).backgroundColor;
                const [low, high] = [getComputedStyle(mark).fill, card].map(light).sort((a, b) => a - b);
                return [mark.tagName, high / low];
            });
    }"""
    contrasts = page.evaluate(script)
    assert len(contrasts) > 100
    return found + [f"{tag}: {of}" for tag, of in contrasts if of < (4.5 if tag == "text" else 3)]


@pytest.mark.parametrize(
    ("theme", "viewport", "rules"),
    [
        pytest.param("light", PHONE, None, id="light, phone"),
        pytest.param("dark", PHONE, CONTRAST, id="dark, phone"),
        pytest.param("light", DESKTOP, CONTRAST, id="light, desktop"),
        pytest.param("print", DESKTOP, CONTRAST, id="print"),
    ],
)
def test_everybody_can_read_it(
    visit: Visit, theme: str, viewport: ViewportSize, rules: dict[str, object] | None
) -> None:
    page = visit.again()
    page.set_viewport_size(viewport)
    page.emulate_media(media="print" if theme == "print" else "screen", color_scheme="light")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    if theme != "light":
        page.emulate_media(color_scheme="dark")
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (colour == paper) == (theme != "dark")
    page.evaluate(OPEN_ALL)
    assert faults(page, rules) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert visit.is_quiet()
    page.emulate_media(media="screen", color_scheme="light")
    page.set_viewport_size(DESKTOP)


def test_keyboard_and_names(visit: Visit) -> None:
    page = visit.again()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "range-30d"
    assert (
        page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle") == "solid"
    )
    group = page.get_by_role("group", name="Range")
    assert group.get_by_role("radio").count() == 3
    assert page.evaluate("document.documentElement.lang") == "en"
    landmarks = (page.get_by_role("banner"), page.get_by_role("main"), page.get_by_role("contentinfo"))
    assert [landmark.count() for landmark in landmarks] == [1, 1, 1]
    for image in page.get_by_role("img").all():
        assert (image.get_attribute("aria-label") or "").strip()
    levels = page.evaluate("""() => [...document.querySelectorAll('h1, h2, h3')]
        .filter(title => title.checkVisibility()).map(title => Number(title.tagName[1]))""")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_print_has_the_chosen_range_only(visit: Visit) -> None:
    visit.again()
    visit.choose("7d")
    visit.page.emulate_media(media="print")
    assert visit.texts(".window")[0].startswith("The 7 days")
    assert len(visit.texts(".window")) == 1
    assert visit.texts(".ranges") == []
    visit.page.emulate_media(media="screen")


# Texts of strangers


def changed_page(demo: Warehouse, folder: Path, org: str, change: Any) -> Path:  # noqa: ANN401 - a function
    """Write the page of an org whose documents are the demo's, changed."""
    names = {}
    for mart in MARTS:
        document = {"metrics": metrics(demo.folder / "documents", mart.metric_type, mart.time_range)}
        change(mart.metric_type, document)
        path = f"{folder_name(org)}/{mart.metric_type}/{mart.time_range}.json"
        file = folder / "documents" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document))
        names[path] = sha256(file.read_bytes()).hexdigest()
    files = ",\n".join(f'"{path}": "{checksum}"' for path, checksum in names.items())
    manifest = '{"asOf":"2026-06-30T12:00:00Z","selection":null,"files":{\n' + files + "\n}}\n"
    (folder / "documents" / MANIFEST).write_text(manifest)
    page = folder / "page.html"
    arguments = ("--org", org, "--documents", str(folder / "documents"), "--out", str(page))
    assert write_report.main(arguments) == 0
    return page


def with_every_text(value: Any, text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a document of which each text that may be any is this one."""
    free = {"provider", "strategy", "name", "status", "trigger", "branch", "commit", "id", "version"}
    free |= {"environment", "deployedBy", "title", "severity", "deploymentId", "duration"}
    if isinstance(value, dict):
        return {
            name: text
            if name in free and isinstance(of, str) and of not in {"open", "resolved"}
            else with_every_text(of, text)
            for name, of in value.items()
        }
    return [with_every_text(item, text) for item in value] if isinstance(value, list) else value


def test_texts_stay_texts(browser: Browser, demo: Warehouse, tmp_path: Path) -> None:
    def change(_: str, document: dict[str, Any]) -> None:
        document["metrics"] = with_every_text(document["metrics"], EVIL)

    page = changed_page(demo, tmp_path, EVIL, change)
    opened = Visit(browser, page.as_uri(), viewport=PHONE)
    opened.page.evaluate(OPEN_ALL)
    shown = EVIL.replace("\x07", "\ufffd")
    assert opened.page.locator("h1").text_content() == shown
    assert opened.page.title() == f"{shown}: factory metrics"
    assert opened.page.locator("img, script, iframe, object, [onerror], [onload]").count() == 0
    assert opened.rows("Table of providers")[0][0] == shown
    assert opened.rows("Table of deployments")[0][0].startswith(shown)
    assert opened.rows("Table of incidents")[0][0] == shown
    assert opened.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # Nothing would run either if it were there.
    opened.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))"
    )
    assert opened.page.title() == f"{shown}: factory metrics"
    assert opened.requests == [page.as_uri()]
    opened.close()


def test_labels_of_charts_are_escaped() -> None:
    image = row_bars([Bar(EVIL, 1, "1"), Bar("'];alert(1);['", 2, "2")], EVIL)
    assert "<img" not in image
    assert "<script" not in image
    assert "&lt;/script&gt;" in image
    assert "var(--accent)" in image


# Empty windows


def test_an_org_without_data_has_words_instead(browser: Browser, demo: Warehouse, tmp_path: Path) -> None:
    key_path = tmp_path / "api"
    with serving(key_path, demo.file) as api:
        opened = Visit(
            browser, f"{api.url}/", http_credentials={"username": "me", "password": api.key("new")}
        )
        words = opened.texts(".empty")
        assert opened.texts("h1") == ["new"]
        assert opened.texts(".figure .value")[:5] == ["0", "$0.00", "n/a", "n/a", "0.00/day"]
        opened.close()
    assert words == [
        "No issue was completed in this window.",
        "No run with a cost was recorded in this window.",
        "No time of people or agents was recorded in this window.",
        "No provider had a run in this window.",
        "No decisions in this window.",
        "No overrides in this window.",
        "No phase passed on an issue in this window.",
        "No issue was completed in this window, so there are no escalations.",
        "No incidents in this window.",
        "No deployments in this window.",
        "No pipeline runs in this window.",
    ]


# The command


def run(*arguments: object) -> int:
    return write_report.main([str(argument) for argument in arguments])


def test_the_same_documents_make_the_same_bytes(demo: Warehouse, tmp_path: Path) -> None:
    documents, again = demo.folder / "documents", tmp_path / "again.html"
    again.write_text("an older one")
    assert run("--documents", documents, "--org", ORG, "--out", again) == 0
    assert again.read_bytes() == (demo.folder / "report.html").read_bytes()
    assert list(tmp_path.iterdir()) == [again]


def test_what_is_wrong_is_said(demo: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = Path(shutil.copytree(demo.folder / "documents", tmp_path / "documents"))
    page = tmp_path / "page.html"

    def message(*arguments: object) -> str:
        assert run(*arguments) == 2
        assert not page.exists()
        return capsys.readouterr().err

    usual = ("--documents", documents, "--org", ORG, "--out", page)
    assert f"'{ORG}', 'northwind-health', 'pixel-harbor'" in message(*usual[:3], "Acme", *usual[4:])
    assert "name a file that you may write" in message(*usual[:5], tmp_path)
    assert "name a file that you may write" in message(*usual[:5], documents / MANIFEST / "x.html")
    cost = documents / ORG / "cost" / "7d.json"
    content = cost.read_text()
    cost.write_text(content.replace("}", " }"))
    assert "cost/7d.json is not the document" in message(*usual)
    cost.unlink()
    assert "cost/7d.json (No such file" in message(*usual)
    manifest = documents / MANIFEST
    text = manifest.read_text()
    cost.write_text('{"metrics":{}}')
    old, new = (sha256(of.encode()).hexdigest() for of in (content, '{"metrics":{}}'))
    manifest.write_text(text.replace(old, new))
    assert "cost/7d.json" in (said := message(*usual))
    assert "avgCostPerIssue" in said
    cost.write_text(content)
    manifest.write_bytes(b"\xff")
    assert "serialize_marts.py" in message(*usual)
    manifest.unlink()
    assert "serialize_marts.py" in message(*usual)


def test_documents_of_several_runs_are_no_page(demo: Warehouse, tmp_path: Path) -> None:
    out = Path(shutil.copytree(demo.folder / "documents", tmp_path / "documents"))
    only = ("--out", out, "--org", ORG, "--time-range", "7d")
    result = demo.run(sys.executable, "scripts/serialize_marts.py", *only)
    assert result.returncode == 0, result.stderr
    with pytest.raises(UserError, match=r"30d\.json is not the document"):
        read_source(out, ORG, MARTS)


# The server


@pytest.fixture(scope="module")
def api(demo: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("api"), demo.file) as running:
        yield running


def ask(api: Api, password: str | None, method: str = "GET", **headers: str) -> requests.Response:
    sent = {"Accept-Encoding": "identity"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    who = None if password is None else ("anybody", password)
    return requests.request(method, f"{api.url}/", auth=who, headers=sent, timeout=30)


def test_the_server_has_the_same_page(api: Api, demo: Warehouse, browser: Browser) -> None:
    key = api.key(ORG)
    with ThreadPoolExecutor(3) as several:
        answers = list(several.map(lambda _: ask(api, key), range(3)))
    page = (demo.folder / "report.html").read_bytes()
    for answer in answers:
        assert (answer.status_code, answer.content) == (200, page)
    opened = Visit(browser, f"{api.url}/", http_credentials={"username": "me", "password": key})
    assert opened.texts("h1") == [ORG]
    opened.choose("90d")
    assert opened.texts(".window")[0].startswith("The 90 days")
    assert opened.page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") == "12px"
    assert opened.is_quiet()
    opened.close()


def test_headers_of_the_page(api: Api) -> None:
    key = api.key(ORG)
    answer = ask(api, key)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-as-of"] == "2026-06-30T12:00:00Z"
    assert "Authorization" in answer.headers["vary"]
    assert answer.headers["ratelimit-policy"].startswith('"default"')
    head = ask(api, key, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == answer.headers["etag"]
    assert head.headers["content-length"] == str(len(answer.content))
    assert ask(api, key, If_None_Match=answer.headers["etag"]).status_code == 304
    assert ask(api, key, Accept_Encoding="gzip").content == answer.content
    assert api.get(key, path="/").content == answer.content


def test_who_may_see_it(api: Api) -> None:
    for password in (None, "wrong", "", "rsk_live_" + "0" * 64):
        answer = ask(api, password)
        assert (answer.status_code, error_of(answer)) == (401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert answer.headers["ratelimit-policy"].startswith('"failed-authentication"')
    for header in ("Basic", "Basic !", "Basic YTpi=", "Basic " + "A" * 999, "Digest x"):
        answer = ask(api, None, Authorization=header)
        assert (answer.status_code, error_of(answer)) == (401, "UNAUTHORIZED")
    key = api.key(ORG)
    assert ask(api, key).status_code == 200
    # Browsers' way to send the key is for the page only.
    answer = requests.get(f"{api.url}/api/factory/metrics", auth=("me", key), timeout=10)
    assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Bearer")
    assert error_of(ask(api, api.key(ORG, scopes=["metrics:write"]))) == "FORBIDDEN"
    assert error_of(ask(api, key, "POST")) == "METHOD_NOT_ALLOWED"
    assert b"pixel-harbor" in ask(api, api.key("pixel-harbor")).content
    number = next(of.id for of in api.keys.all() if key.startswith(of.prefix))
    api.keys.revoke(number)
    eventually(lambda: ask(api, key).status_code == 401)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (formats.length_text(500), "1s"),
        (formats.length_text(150_000), "3m"),
        (formats.length_text(5_220_000), "1.5h"),
        (formats.length_text(172_800_000), "2d"),
        (formats.percent_text(6.25), "6.3%"),
        (formats.usd_text(1.005), "$1.01"),
        (formats.usd_text(0.00005), "$0.0001"),
        (formats.usd_text(1234567.891), "$1,234,567.89"),
    ],
)
def test_figures_are_rounded_as_documents_are(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param("raise MemoryError('no room')", "exit code 1: MemoryError: no room", id="fails"),
        pytest.param("import time; time.sleep(60)", "TimeoutError", id="hangs"),
    ],
)
def test_a_page_that_cannot_be_made(
    command: str, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pages, "_COMMAND", (sys.executable, "-c", command))
    monkeypatch.setattr(pages, "_LONGEST_SECONDS", 0.5)
    source = Source(ORG, "2026-06-30T12:00:00Z", [(Mart("cost", "7d"), b"{}")])
    # Playwright has an event loop in this thread.
    with ThreadPoolExecutor(1) as other, pytest.raises(ApiError) as error:
        other.submit(asyncio.run, pages.Pages(RANGES).make(source)).result()
    assert error.value.code == "DATABASE_ERROR"
    assert said in caplog.text
