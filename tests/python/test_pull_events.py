"""Pulled events: none is lost, none is twice, whatever the platform, the network and kills do."""

import json
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from events_server import KEY, Handler, Platform, cut_off, event, hang_up, serving, status

import pull_events
from factory_metrics.logs.json_rows import rows_of_line
from factory_metrics.pull.events_client import Patience, checked_key
from factory_metrics.pull.hour_files import org_folder

HOUR = timedelta(hours=1)
THIS_HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
FIRST = THIS_HOUR - 6 * HOUR


class Puller:
    """A platform, a folder, and a command that never really waits."""

    def __init__(self, platform: Platform, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Start with nothing pulled."""
        self.platform, self.out, self._capsys = platform, out, capsys
        self.waits: list[float] = []
        self.patience = Patience(self.waits.append, silence=5, answer=10)
        self.said = ""

    def run(self, *options: str, org: str = "acme", since: datetime | None = FIRST, url: str = "") -> int:
        """Run the command; the key is in nothing that it says."""
        command = ["--url", url or self.platform.url, "--org", org, "--out", str(self.out), *options]
        if since:
            command += ["--since", since.isoformat()]
        try:
            code = pull_events.main(command, self.patience)
        finally:
            output = self._capsys.readouterr()
            self.said = output.out + output.err
            assert KEY not in self.said
        return code

    def files(self, org: str = "acme") -> dict[str, list[str]]:
        """Return the lines of the org's files, by name."""
        folder = self.out / "factory_events" / org_folder(org)
        return {path.name: path.read_text("utf-8").splitlines() for path in sorted(folder.iterdir())}

    def check(self, org: str = "acme") -> None:
        """Check that the files have each event once, in the file of its hour, sorted."""
        events = {str(row["id"]): row for row in self.platform.events}
        found: list[str] = []
        for name, lines in self.files(org).items():
            assert not name.startswith((".", "_")), name
            rows = [json.loads(line) for line in lines]
            assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
            for row in rows:
                assert row.pop("org_id") == org
                assert row == events[row["id"]]
                moment = datetime.fromisoformat(row["occurredAt"]).astimezone(UTC)
                assert name == f"{moment:%Y-%m-%dT%H}.jsonl"
                found.append(row["id"])
        assert Counter(found) == Counter(events.keys())


@pytest.fixture
def puller(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Puller]:
    monkeypatch.setenv("RENSEI_API_KEY", KEY)
    with serving(Platform()) as platform:
        yield Puller(platform, tmp_path / "logs", capsys)


def marks(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written again."""
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*.jsonl")}


def test_edges_of_hours_late_events_and_unchanged_files(puller: Puller) -> None:
    second = timedelta(seconds=1)
    microsecond = timedelta(microseconds=1)
    edges = [FIRST + hours * HOUR + tick for hours in range(6) for tick in (-microsecond, 0 * second, second)]
    edges += [FIRST + 2 * HOUR - timedelta(microseconds=500), THIS_HOUR, datetime.now(UTC) - microsecond]
    puller.platform.events = [event(n, moment) for n, moment in enumerate(edges) if moment >= FIRST]
    assert puller.run() == 0
    puller.check()
    before = marks(puller.out)

    assert puller.run(since=None) == 3
    assert marks(puller.out) == before

    puller.platform.events += [event(900, FIRST + HOUR * 1.5), event(901, datetime.now(UTC))]
    assert puller.run() == 0
    puller.check()
    after = marks(puller.out)
    changed = {name for name, mark in after.items() if before.get(name) != mark}
    assert changed <= {f"{moment:%Y-%m-%dT%H}.jsonl" for moment in (FIRST + HOUR, datetime.now(UTC))}
    assert f"{FIRST + HOUR:%Y-%m-%dT%H}.jsonl" in changed

    # What is late by more than the overlap, and what is before the beginning, is pulled when asked for.
    puller.platform.events += [event(902, FIRST + HOUR * 1.1), event(903, FIRST - HOUR)]
    assert puller.run("--overlap", "2", since=None) == 3
    assert puller.run(since=FIRST - HOUR) == 0
    puller.check()
    # What the platform no longer has stays.
    kept = puller.files()
    puller.platform.events = []
    assert puller.run() == 3
    assert puller.files() == kept


def test_full_windows_are_halved_down_to_a_second(puller: Puller) -> None:
    rng = random.Random(1)
    busy = FIRST + timedelta(minutes=17, seconds=3)
    moments = [busy + timedelta(milliseconds=rng.randrange(1000)) for _ in range(499)]
    moments += [busy + timedelta(seconds=1)] * 400  # the next second's, on the edge
    moments += [FIRST + rng.random() * 3 * HOUR for _ in range(1500)]
    puller.platform.events = [event(n, moment) for n, moment in enumerate(moments)]
    assert puller.run() == 0
    puller.check()

    puller.platform.events += [event(5000 + n, busy) for n in range(2)] + [event(6000, FIRST - HOUR)]
    before = puller.files()
    assert puller.run(since=FIRST - HOUR) == 2
    assert f"{busy:%Y-%m-%dT%H:%M:%S}" in puller.said
    assert "500 or more events" in puller.said
    # The hours before it are kept, and nothing of it is written.
    assert {k: v for k, v in puller.files().items() if k in before} == before
    assert len(puller.files()) == len(before) + 1


def test_faults_that_pass_are_waited_for(puller: Puller) -> None:
    puller.platform.events = [event(n, FIRST + n * HOUR / 7) for n in range(40)]
    in_a_while = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    faults = [
        status(429, Retry_After="7"),
        status(429, Retry_After=in_a_while),
        status(500),
        status(503, b"\xff not JSON"),
        status(200, b'{"events": [{"id": "a"'),
        cut_off,
        hang_up,
    ]
    puller.platform.faults.extend(faults)
    assert puller.run() == 0
    puller.check()
    assert len(puller.waits) == 7
    assert 7 <= puller.waits[0] < 9
    assert 80 < puller.waits[1] < 95
    for number, seconds in enumerate(puller.waits[2:], start=2):
        assert min(2**number, 60) <= seconds <= 1.25 * min(2**number, 60)


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (status(401), "RENSEI_API_KEY is no valid key"),
        (status(403), "may not read"),
        (status(404), "check --url"),
        (status(400, f'{{"error": "{KEY}"}}'.encode()), "answers 400"),
        (status(302, Location="http://127.0.0.2:1/x"), "a redirect to 'http://127.0.0.2:1/x'"),
        (status(429, Retry_After="86400"), "asks to wait for 86400 s"),
        (status(200, b'{"error": {"code": "X"}}'), "no page of events"),
        (status(200, b'{"events": null}'), "no page of events"),
        (status(200, b"[]"), "no page of events"),
        (status(200, b'{"events": [], "events": []}'), "no page of events"),
        (status(200, b'{"events": [{"id": "a"}, {"id": " "}]}'), "without an id"),
        (status(200, b'{"events": [["a"]]}'), "without an id"),
        (status(200, b'{"events": [{"id": "a", "org_id": "other", "orgId": "acme"}]}'), "the org 'other'"),
        (status(200, b'{"events": [{"id": "a", "org_id": " ", "orgId": "other"}]}'), "the org 'other'"),
        (status(200, b" " * 100), "longer than 90 bytes"),
    ],
)
def test_faults_that_do_not_pass_stop_at_once(puller: Puller, fault: object, advice: str) -> None:
    puller.patience = Patience(puller.waits.append, body_bytes=90)
    puller.platform.faults.append(fault)  # type: ignore[arg-type]
    assert puller.run() == 2
    assert advice in puller.said
    assert f"events from {FIRST:%Y-%m-%dT%H}:00:00.000Z" in puller.said
    assert puller.waits == []
    assert len(puller.platform.asked) == 1
    assert not (puller.out / "factory_events").exists()


def test_faults_that_stay_end_with_what_to_do(puller: Puller) -> None:
    puller.platform.faults.extend([status(200, b'{"events": [{"id": NaN}]}')] * 8)
    assert puller.run() == 2
    assert "NaN is not JSON" in puller.said
    assert "run again later" in puller.said
    assert len(puller.waits) == 7
    assert 1 <= puller.waits[0] < 3

    def drip(handler: Handler) -> bool:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
        for _ in range(99):
            handler.wfile.write(b" ")
            time.sleep(0.02)
        return True

    puller.patience = Patience(puller.waits.append, tries=1, answer=0.1)
    puller.platform.faults.extend([drip])
    assert puller.run() == 2
    assert "no whole answer" in puller.said
    with socket.socket() as nothing:
        nothing.bind(("127.0.0.1", 0))
        assert puller.run(url=f"http://127.0.0.1:{nothing.getsockname()[1]}") == 2
    assert "run again later" in puller.said
    assert puller.run(url=puller.platform.url.replace("http:", "https:")) == 2
    assert "check --url and this machine's certificates" in puller.said
    deep = b'{"events": [{"id": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]}"
    puller.platform.faults.append(status(200, deep))
    puller.patience = Patience(puller.waits.append, tries=1)
    assert puller.run() == 2
    assert "not whole, valid JSON" in puller.said


def test_values_stay_as_they_are(puller: Puller) -> None:
    time = FIRST.isoformat()
    members = (
        f'"id":"z","timestamp":"{time}","a":1e400,"b":123456789012345678901234567890,"cost":0.10,'
        r'"s":"\ud83d  \" x","t":"é  ","a":[1,{"x":-0.0}],"n":' + "9" * 5000
    )
    spaced = members.replace(',"', ' ,\r\n "').replace('":', '" : ')
    blank = r'{"org\u005fid": null, "orgId": "a\"c", "id": "y", "created_at": "' + time + '", "x": "org_id"}'
    no_time = '{"id": 17, "occurredAt": "2026-06-30T23:59:60Z"}'
    body = '{"nextCursor": [1], "events": [{' + f"{spaced}}}, {blank}, {no_time}]}}"
    # An event whose time says nothing is in the first of the windows that answer it.
    puller.platform.faults.extend([status(200, body.encode()), status(200, body.encode())])
    assert puller.run(org='a"c') == 0
    ((_, lines),) = puller.files('a"c').items()
    assert lines == [
        '{"org_id":"a\\"c","id":17,"occurredAt":"2026-06-30T23:59:60Z"}',
        r'{"org_id":"a\"c","orgId":"a\"c","id":"y","created_at":"' + time + '","x":"org_id"}',
        '{"org_id":"a\\"c",' + members + "}",
    ]
    assert all(len(rows_of_line(line)) == 1 for line in lines)


def test_orgs_share_a_folder(puller: Puller) -> None:
    puller.platform.events = [event(1, FIRST)]
    orgs = [
        "acme",
        "Acme",
        "a/../b",
        "..",
        ".a",
        "_a",
        "a=b",
        "a b",
        "a*?[",
        "a\\b",
        "é" * 99,
        "é" * 100,
        "a%2Fb",
    ]
    for org in orgs:
        assert puller.run(org=org) == 0, org
        puller.check(org)
    folders = [path.name for path in (puller.out / "factory_events").iterdir()]
    assert len(folders) == len(orgs) == len({name.lower() for name in folders})
    assert not any(name.startswith(("_", ".")) or len(name.encode()) > 255 for name in folders)
    assert {path.name for path in puller.out.iterdir()} == {"_pull", "factory_events"}


@pytest.mark.parametrize("ahead", [timedelta(days=-2), timedelta(days=2)])
def test_a_wrong_clock_loses_nothing(puller: Puller, ahead: timedelta) -> None:
    """The platform's clock is two days from ours: the earlier one says which hours are over."""
    puller.platform.now = lambda: datetime.now(UTC) + ahead
    start = FIRST + min(ahead, timedelta())
    puller.platform.events = [event(1, start), event(2, start + 2 * HOUR)]
    assert puller.run(since=start) == 0
    assert "clock" in puller.said
    state = json.loads((puller.out / "_pull" / "acme" / "state.json").read_text())
    until = datetime.fromisoformat(state["until"])
    assert THIS_HOUR + min(ahead, timedelta()) <= until <= datetime.now(UTC) + min(ahead, timedelta())
    puller.check()


def test_a_state_of_the_future_is_not_believed(puller: Puller) -> None:
    puller.platform.events = [event(1, FIRST)]
    assert puller.run() == 0
    state = puller.out / "_pull" / "acme" / "state.json"
    state.write_text(state.read_text().replace(f'"until": "{THIS_HOUR:%Y}', '"until": "2999'))
    puller.platform.events += [event(2, FIRST)]
    assert puller.run("--overlap", "0", since=None) == 0
    assert "in the future: all is pulled again" in puller.said
    puller.check()


def test_what_cannot_be_done_is_said(puller: Puller, monkeypatch: pytest.MonkeyPatch) -> None:
    puller.platform.events = [event(1, FIRST)]
    assert puller.run(since=None) == 2
    assert "give --since" in puller.said
    assert puller.run(since=datetime.now(UTC) + HOUR) == 2
    assert "in the future" in puller.said
    for url in (
        "http://example.com",
        "https://user:pass@example.com",
        "ftp://x",
        "https://x?y",
        "x",
        "https://",
    ):
        assert puller.run(url=url) == 2
        assert "--url" in puller.said
    for key, advice in ((" ", "is not set"), ("a\nb", "no key has"), ("é", "no key has")):
        monkeypatch.setenv("RENSEI_API_KEY", key)
        assert puller.run() == 2
        assert advice in puller.said
    monkeypatch.setenv("RENSEI_API_KEY", KEY)
    assert checked_key(f" {KEY}\n") == KEY
    for option in (["--overlap", "-1"], ["--overlap", "x"], ["--since", "yesterday"], ["--org", " "]):
        with pytest.raises(SystemExit, match="2"):
            puller.run(*option)
    assert puller.platform.asked == []
    assert not puller.out.exists()

    puller.out.write_text("a file")
    assert puller.run() == 2
    assert f"{puller.out}" in puller.said
    assert "a folder that this user may write" in puller.said
    puller.out.unlink()
    assert puller.run() == 0
    (file,) = (puller.out / "factory_events" / "acme").iterdir()
    good = file.read_text()
    for bad in (good + '{"id":', "{}\n", "\n", "[]\n"):
        file.write_text(bad)
        assert puller.run() == 2
        assert f"{file} has been changed" in puller.said
    file.write_text(good)
    (puller.out / "_pull" / "acme" / "state.json").write_text("{}")
    assert puller.run() == 2
    assert "state.json is broken" in puller.said


def test_two_pulls_of_an_org_do_not_meet(puller: Puller) -> None:
    puller.platform.events = [event(1, FIRST)]
    codes: list[int] = []
    command = ["--url", puller.platform.url, "--out", str(puller.out), "--since", FIRST.isoformat(), "--org"]

    def meanwhile(_handler: Handler) -> bool:
        codes.extend(pull_events.main([*command, org], puller.patience) for org in ("acme", "other"))
        return False

    puller.platform.faults.append(meanwhile)
    assert (puller.run(), codes) == (0, [2, 0])
    assert "another run is writing" in puller.said
    puller.check()


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_point_loses_nothing(puller: Puller, seed: int) -> None:
    """A process dies at the n-th thing that it asks of the system, again and again."""
    rng = random.Random(seed)
    until = datetime.now(UTC) - FIRST
    puller.platform.events = [event(number, FIRST + rng.random() * until) for number in range(60)]
    hours = Counter(str(row["occurredAt"])[:13] for row in puller.platform.events)
    killed = 0
    for org in ("a", "b", "c"):
        for _ in range(6):
            count = rng.randrange(1, 80)
            child = os.fork()
            if not child:
                _die_at(count)
                try:
                    puller.run("--overlap", "0", org=org)
                finally:
                    os._exit(0)
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
                break
            killed += 1
            # What readers see is whole.
            for path in (puller.out / "factory_events" / org).glob("[!.]*"):
                assert path.read_text().count("\n") == hours[path.stem]
        assert puller.run("--overlap", "0", org=org) in {0, 3}
        puller.check(org)
        assert puller.run(org=org) == 3
    assert killed > 3


def _die_at(count: int) -> None:
    """Kill this process before the n-th call that opens, writes, flushes, renames, removes or waits."""
    left = iter(range(count))
    names = {"open", "write", "__exit__", "flush", "fsync", "replace", "mkdir", "unlink", "flock", "get"}

    def hook(_frame: object, kind: str, called: object) -> None:
        counts = kind == "c_call" and getattr(called, "__name__", "") in names
        if (
            counts
            and not isinstance(getattr(called, "__self__", ""), (str, dict))
            and next(left, None) is None
        ):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(hook)
