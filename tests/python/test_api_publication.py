"""Which warehouse is served: new ones at once and whole, broken ones never, but the last good one."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import duckdb
import pytest
import requests
from api_client import PATH, Api, error_of, eventually, serving
from conftest import Warehouse
from example_warehouse import MARTS, make_warehouse

from factory_metrics.api.data import Publication
from factory_metrics.api.empty import empty_document
from factory_metrics.api.errors import ApiError
from factory_metrics.api.pages import Pages
from factory_metrics.documents import warehouse
from factory_metrics.documents.marts import Mart
from factory_metrics.report.source import Source

# The versions differ in the as-of and in every document.
DAYS = {1: "2026-06-28", 2: "2026-06-29", 3: "2026-06-30"}


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Return warehouses; the number of a version is the total of its issues."""
    folder = tmp_path_factory.mktemp("versions")
    made = {}
    for number, day in DAYS.items():
        made[number] = make_warehouse(folder / f"{number}.duckdb", ["acme"], f"{day} 12:00:00")
        with duckdb.connect(str(made[number])) as connection:
            for days in (7, 30, 90):
                connection.execute(f"UPDATE aggregate_{days}d SET total_issues = {number}")
    return made


WARNING = "The newest metrics cannot be read. These are the last good ones."


def point(link: Path, to: Path) -> None:
    """Publish as the project does: point a link at a file, at once."""
    new = link.with_name("next")
    new.symlink_to(to)
    new.replace(link)


def version_of(answer: requests.Response) -> int:
    """Return the version that an answer is from; its body and headers must agree."""
    assert answer.status_code == 200, answer.content
    number: int = answer.json()["metrics"]["totalIssues"]
    assert answer.headers["x-as-of"] == f"{DAYS[number]}T12:00:00Z"
    return number


def serves(api: Api, key: str, number: int) -> Callable[[], bool]:
    return lambda: version_of(api.get(key)) == number


@pytest.mark.parametrize("how", ["link", "rename"])
def test_new_versions_under_load(versions: dict[int, Path], tmp_path: Path, how: str) -> None:
    published = tmp_path / "factory.duckdb"

    def publish(number: int) -> None:
        copy = Path(shutil.copy(versions[number], tmp_path / f"{time.monotonic_ns()}.duckdb"))
        if how == "link":
            point(published, copy)
        else:
            copy.replace(published)

    publish(1)
    with serving(tmp_path / "api", published) as api:
        key, stop, seen = api.key(), threading.Event(), []
        failed: list[BaseException] = []

        def load(query: str) -> None:
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {key}"
                try:
                    while not stop.is_set():
                        seen.append(version_of(session.get(f"{api.url}{PATH}{query}", timeout=10)))
                except BaseException as error:
                    failed.append(error)
                    raise

        clients = [threading.Thread(target=load, args=(f"?timeRange={days}d",)) for days in (7, 30, 90)]
        for client in clients:
            client.start()
        try:
            for number in (2, 3, 1, 2):
                publish(number)
                eventually(serves(api, key, number), 1.0)
                time.sleep(0.1)
        finally:
            stop.set()
            for client in clients:
                client.join()
        assert not failed
        assert set(seen) == {1, 2, 3}
        assert api.metric("publications_total") == 5


def test_old_versions_are_let_go(versions: dict[int, Path], tmp_path: Path) -> None:
    published, old = tmp_path / "factory.duckdb", Path(shutil.copy(versions[1], tmp_path / "old.duckdb"))
    point(published, old)
    with serving(tmp_path / "api", published) as api:
        key = api.key()
        assert version_of(api.get(key, "?timeRange=7d")) == 1
        point(published, Path(shutil.copy(versions[2], tmp_path / "new.duckdb")))
        eventually(serves(api, key, 2), 1.0)
        old.unlink()

        def open_files() -> set[str]:
            links = Path(f"/proc/{api.process.pid}/fd").iterdir()
            return {str(link.readlink()) for link in links if link.is_symlink()}

        eventually(lambda: not any("old.duckdb" in name for name in open_files()))
        assert str(tmp_path / "new.duckdb") in open_files()


def break_missing(published: Path, _good: Path) -> None:
    published.unlink()


def break_text(published: Path, _good: Path) -> None:
    point(published, Path(shutil.copy(__file__, published.with_name("text.duckdb"))))


def break_bytes(published: Path, good: Path) -> None:
    """Cut off so early that it cannot be opened."""
    cut = published.with_name("cut.duckdb")
    cut.write_bytes(good.read_bytes()[:20_000])
    point(published, cut)


def break_half(published: Path, good: Path) -> None:
    """Cut off so late that it can be opened: what lists the tables is whole, what is in them is not."""
    half = Path(shutil.copy(good, published.with_name("half.duckdb")))
    with duckdb.connect(str(half)) as connection:
        connection.execute("CREATE TABLE rows AS SELECT hash(range) AS value FROM range(500_000)")
        connection.execute("CREATE OR REPLACE TABLE cost_7d AS FROM cost_7d")
        connection.execute("DROP TABLE rows")
    with duckdb.connect(str(half), read_only=True) as connection:
        used = "SELECT max(block_id) FROM pragma_storage_info('cost_7d')"
        (last,) = connection.execute(used).fetchall()[0]
        size = 3 * 4096 + last * 262_144
    os.truncate(half, size)
    with duckdb.connect(str(half), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM information_schema.tables").fetchall() == [(21,)]
    point(published, half)


def break_unfinished(published: Path, good: Path) -> None:
    """Stop a writer before what it wrote is in the file."""
    unfinished = Path(shutil.copy(good, published.with_name("unfinished.duckdb")))
    write = "writer = duckdb.connect(sys.argv[1]); writer.execute('DELETE FROM aggregate_30d')"
    code = f"import duckdb, os, sys; {write}; os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, unfinished], check=False)
    assert unfinished.with_name("unfinished.duckdb.wal").stat().st_size
    point(published, unfinished)


def break_marts(published: Path, good: Path) -> None:
    misfit = Path(shutil.copy(good, published.with_name("misfit.duckdb")))
    with duckdb.connect(str(misfit)) as connection:
        connection.execute("DROP TABLE cost_30d")
    point(published, misfit)


def break_pipe(published: Path, _good: Path) -> None:
    """Lead to a pipe, which nobody writes to."""
    pipe = published.with_name("pipe")
    os.mkfifo(pipe)
    point(published, pipe)


def break_in_place(published: Path, _good: Path) -> None:
    """Put the broken file where the good one is."""
    Path(shutil.copy(__file__, published.with_name("other.duckdb"))).replace(published.resolve())


def reports(api: Api, number: int) -> bool:
    return len(failures(api)) == number


BREAKS = [
    break_in_place,
    break_missing,
    break_text,
    break_pipe,
    break_bytes,
    break_half,
    break_unfinished,
    break_marts,
]


def failures(api: Api) -> list[str]:
    lines = [line.get("message", "") for line in api.lines()]
    return [line for line in lines if "cannot serve the published" in line]


def test_the_last_good_one_is_served_while_a_new_one_is_missing_or_broken(
    versions: dict[int, Path], tmp_path: Path
) -> None:
    published = tmp_path / "factory.duckdb"
    ready = {"status": "ok"}
    point(published, Path(shutil.copy(versions[1], tmp_path / "1.duckdb")))
    with serving(tmp_path / "api", published) as api:
        key = api.key()
        assert version_of(api.get(key)) == 1
        for number, break_it in enumerate(BREAKS, 1):
            break_it(published, versions[1])
            # One line each, and of all ranges no document was in memory before.
            eventually(partial(reports, api, number), 1.5)
            for query in ("", "?timeRange=7d", "?timeRange=90d"):
                answer = api.get(key, query)
                assert version_of(answer) == 1
                assert answer.headers["x-data-warning"] == WARNING
            again = api.get(key, If_None_Match=answer.headers["etag"], path=f"{PATH}?timeRange=90d")
            assert (again.status_code, again.headers["x-data-warning"]) == (304, WARNING)
            assert "x-data-warning" not in api.get(None).headers
            assert api.get(None, path="/readyz").json() == ready | {"warning": WARNING}
            assert api.get(None, path="/healthz").json() == ready
            assert (api.metric("warehouse_up"), api.metric("warehouse_stale")) == (1, 1)
            assert failures(api)[-1].endswith("; serving the one as of 2026-06-28T12:00:00Z")
        assert len(failures(api)) == len(BREAKS)
        point(published, versions[2])
        eventually(serves(api, key, 2), 1.5)
        assert "x-data-warning" not in api.get(key).headers
        assert api.get(None, path="/readyz").json() == ready
        assert (api.metric("warehouse_up"), api.metric("warehouse_stale")) == (1, 0)
        # It is put back as it was: nothing to open.
        published.unlink()
        eventually(lambda: "x-data-warning" in api.get(key).headers, 1.5)
        point(published, versions[2])
        eventually(lambda: "x-data-warning" not in api.get(key).headers, 1.5)
        assert api.metric("publications_total") == 2


def test_in_strict_mode_nothing_is_served_instead(versions: dict[int, Path], tmp_path: Path) -> None:
    published = tmp_path / "factory.duckdb"
    point(published, versions[1])
    with serving(tmp_path / "api", published, strict="on") as api:
        key = api.key()
        assert version_of(api.get(key)) == 1
        break_half(published, versions[1])
        eventually(lambda: api.get(key).status_code == 500, 1.5)
        answer = api.get(key)
        assert error_of(answer) == "DATABASE_ERROR"
        assert int(answer.headers["retry-after"]) > 0
        assert error_of(api.get(None, path="/readyz")) == "NOT_READY"
        assert api.get(None, path="/healthz").status_code == 200
        assert (api.metric("warehouse_up"), api.metric("warehouse_stale")) == (0, 0)
        point(published, versions[2])
        eventually(lambda: api.get(key).status_code == 200, 1.5)
        assert version_of(api.get(key)) == 2
        assert len(failures(api)) == 1


def test_a_file_that_is_copied_over_is_never_read(versions: dict[int, Path], tmp_path: Path) -> None:
    """Copying over a file destroys the one that is served: only documents in memory are left of it."""
    published = Path(shutil.copy(versions[1], tmp_path / "factory.duckdb"))
    new = versions[2].read_bytes()

    def put(content: bytes) -> None:
        published.write_bytes(content)

    async def publish() -> None:
        publication = Publication(published, MARTS, "256MB", 1_000_000)
        await publication.look()
        known = await publication.document("acme", Mart("aggregate", "30d"))
        for part in (100_000, len(new)):
            put(new[:part])
            if part < len(new):
                # Both before and after that is noticed.
                for _ in range(2):
                    with pytest.raises(ApiError):
                        await publication.document("acme", Mart("aggregate", "7d"))
                    assert publication.kept("acme", Mart("aggregate", "30d")) is known
                    await publication.look()
                    assert publication.is_stale
        await publication.look()
        assert not publication.is_stale
        document = await publication.document("acme", Mart("aggregate", "30d"))
        assert json.loads(document.plain.content)["metrics"]["totalIssues"] == 2
        await publication.close()

    asyncio.run(publish())


def test_it_starts_without_a_warehouse_and_waits_for_a_writer(
    versions: dict[int, Path], tmp_path: Path
) -> None:
    published = tmp_path / "factory.duckdb"
    with serving(tmp_path / "api", published) as api:
        key = api.key()
        assert api.get(key).status_code == 500
        shutil.copy(versions[3], tmp_path / "written.duckdb")
        with duckdb.connect(str(tmp_path / "written.duckdb")):
            point(published, tmp_path / "written.duckdb")
            eventually(lambda: "is being written" in api.log.read_text("utf-8"))
            assert api.get(key).status_code == 500
        eventually(lambda: api.get(key).status_code == 200)


def test_a_new_one_that_is_still_written_does_not_stop_the_old(
    versions: dict[int, Path], tmp_path: Path
) -> None:
    published = tmp_path / "factory.duckdb"
    point(published, versions[1])
    with serving(tmp_path / "api", published) as api:
        key = api.key()
        shutil.copy(versions[2], tmp_path / "written.duckdb")
        with duckdb.connect(str(tmp_path / "written.duckdb")):
            point(published, tmp_path / "written.duckdb")
            eventually(lambda: "is being written" in api.log.read_text("utf-8"))
            assert version_of(api.get(key, "?timeRange=90d")) == 1
        eventually(serves(api, key, 2))


def test_a_page_that_many_ask_for_is_kept_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = make_warehouse(tmp_path / "factory.duckdb", ["acme"])
    made = []

    async def make(_pages: Pages, source: Source) -> bytes:
        made.append(source.org)
        await asyncio.sleep(0.01)
        return b"<html>" * 1000

    monkeypatch.setattr(Pages, "make", make)

    async def read() -> None:
        publication = Publication(file, MARTS, "256MB", 1_000_000)
        await publication.look()
        pages = await asyncio.gather(*(publication.page("acme") for _ in range(50)))
        assert all(page is pages[0] for page in pages)
        snapshot = publication.current
        assert snapshot is not None
        assert snapshot.size == sum(kept.size for kept in snapshot.documents.values())
        await publication.close()

    asyncio.run(read())
    assert made == ["acme"]


def test_memory_of_documents_is_bounded(tmp_path: Path) -> None:

    orgs = [f"org {number}" for number in range(8)]
    file = make_warehouse(tmp_path / "factory.duckdb", orgs)
    most = 20_000

    async def read() -> list[int]:
        publication = Publication(file, MARTS, "256MB", most)
        await publication.look()
        sizes = []
        for org in orgs:
            document = await publication.document(org, Mart("phase", "7d"))
            snapshot = publication.current
            assert snapshot is not None
            assert document.plain.content.startswith(b'{"metrics":{"phases"')
            sizes.append(snapshot.size)
            assert snapshot.size == sum(kept.size for kept in snapshot.documents.values())
        again = await publication.document(orgs[0], Mart("phase", "7d"))
        assert again.plain == document.plain
        await publication.close()
        return sizes

    sizes = asyncio.run(read())
    assert max(sizes) <= most
    assert sizes[-1] > most / 2


def test_a_path_that_is_used_again_while_its_old_file_is_read(
    versions: dict[int, Path], tmp_path: Path
) -> None:
    link, first, second = (tmp_path / name for name in ("factory.duckdb", "a.duckdb", "b.duckdb"))

    def put(number: int, at: Path) -> None:
        Path(shutil.copy(versions[number], tmp_path / "copy")).replace(at)
        point(link, at)

    async def publish() -> int:
        publication = Publication(link, MARTS, "256MB", 1_000_000)
        put(1, first)
        await publication.look()
        old, read = publication.current, asyncio.Event()
        assert old is not None
        # A read that takes long.
        old.reads[("acme", Mart("cost", "7d"))] = cast("Any", asyncio.create_task(read.wait()))
        put(2, second)
        await publication.look()
        put(3, first)
        await publication.look()
        document = await publication.document("acme", Mart("aggregate", "30d"))
        # What was read of it the longest is not cut off.
        assert old.read("acme", Mart("aggregate", "30d")).plain.content != document.plain.content
        old.reads.clear()
        read.set()
        await publication.close()
        return int(json.loads(document.plain.content)["metrics"]["totalIssues"])

    assert asyncio.run(publish()) == 3


def test_what_is_asked_at_a_switch_does_not_depend_on_the_number_of_orgs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = make_warehouse(tmp_path / "factory.duckdb", [f"org {number}" for number in range(5)])
    monkeypatch.setattr(warehouse, "_check_orgs", Mock(side_effect=AssertionError))

    async def publish() -> None:
        publication = Publication(file, MARTS, "64MB", 1_000_000)
        await publication.look()
        document = await publication.document("org 4", Mart("aggregate", "30d"))
        assert document.plain.content.startswith(b'{"metrics":')
        await publication.close()

    asyncio.run(publish())


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the documents of an org whose only rows are older than all windows."""
    folder = tmp_path_factory.mktemp("idle")
    for log, row in {
        "factory_events": '{"id":"e","org_id":"idle","event_type":"work-item.completed","issue_id":"i",'
        '"payload":"{}","occurred_at":"2025-01-01T00:00:00Z","ingested_at":"2025-01-01T00:00:00Z"}',
        "factory_metrics": '{"id":"r","org_id":"idle","session_id":"s","cost_usd":1,"duration_ms":1,'
        '"station":"qa","metadata":"{}","recorded_at":"2025-01-01T00:00:00Z","ingested_at":"2025-01-01T00:00:00Z"}',
    }.items():
        (folder / "raw" / log).mkdir(parents=True)
        (folder / "raw" / log / "rows.jsonl").write_text(f"{row}\n", encoding="utf-8")
    warehouse = Warehouse(folder / "warehouse")
    variables = f"{{as_of: '2026-06-30T12:00:00Z', raw_path: '{folder / 'raw'}'}}"
    warehouse.build(variables)
    return warehouse.serialize() / "idle"


def test_an_org_without_rows_looks_like_one_without_recent_rows(idle: Path) -> None:
    as_of = datetime(2026, 6, 30, 12, tzinfo=UTC)
    for mart in MARTS:
        file = idle / mart.metric_type / f"{mart.time_range}.json"
        assert empty_document(mart, as_of) == file.read_bytes(), mart.name
