"""The small log in the platform's form: as the page about logs shows it, command by command."""

import filecmp
import json
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from statistics import median

import forked
import pytest
from conftest import ROOT
from reference import compute
from reference_rows import as_instant
from reference_settings import settings
from test_docs_commands import BLOCK

from factory_metrics.pull.event_pages import read_page
from factory_metrics.synthetic import platform_logs
from factory_metrics.synthetic.platform_logs import HARVEST, LUMEN, PlatformEvent

AS_OF = "2026-06-30T12:00:00Z"
PAGE = (ROOT / "docs" / "your-logs.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Try it with a log of the platform\n")[1].split("\n## ")[0]
PLATFORM_TYPES = {
    *("work-item.started", "work-item.handoff", "work-item.rework", "work-item.completed"),
    *("human.review-started", "human.review-completed", "human.override"),
    *("agent.tool-summary", "agent.crash-recovery"),
}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("platform")
    platform_logs.write_platform_logs(folder)
    return folder


def payloads(events: Iterable[PlatformEvent], event_type: str) -> list[dict[str, object]]:
    return [dict(event["payload"]) for event in events if event["eventType"] == event_type]  # type: ignore[call-overload]


def test_the_log_is_the_same_every_time(logs: Path, tmp_path: Path) -> None:
    events, files = platform_logs.write_platform_logs(tmp_path)
    names = [str(path.relative_to(logs)) for path in logs.rglob("*.json*")]
    assert len(names) == files
    assert 200 < events < 500
    assert filecmp.cmpfiles(logs, tmp_path, names, shallow=False) == (names, [], [])
    assert not (logs / "factory_metrics").exists()


def test_files_are_as_the_platform_answers_and_as_they_are_pulled(logs: Path) -> None:
    pages = [
        json.loads(path.read_text()) for path in sorted((logs / "factory_events" / LUMEN.id).glob("*.json"))
    ]
    assert all({*page} == {"events"} and len(page["events"]) <= 100 for page in pages)
    events = [event for page in pages for event in page["events"]]
    assert events == platform_logs.events_of(LUMEN)
    assert not any("org" in name.lower() for event in events for name in event)

    hours: dict[str, list[str]] = {}
    page = json.dumps({"events": platform_logs.events_of(HARVEST)}).encode()
    for event in sorted(read_page(page, HARVEST.id)):
        hours.setdefault(f"{event.time:%Y-%m-%dT%H}.jsonl", []).append(event.row)
    files = (logs / "factory_events" / HARVEST.id).iterdir()
    assert {path.name: path.read_text().splitlines() for path in files} == hours


@pytest.mark.parametrize("org", [LUMEN, HARVEST], ids=lambda org: org.id)
def test_every_number_is_plausible(org: platform_logs.PlatformOrg) -> None:
    events = platform_logs.events_of(org)
    assert {event["eventType"] for event in events} <= PLATFORM_TYPES
    assert len({event["id"] for event in events}) == len(events)
    for issue in {event["issueId"] for event in events}:
        moves = [
            dict(event["payload"])  # type: ignore[call-overload]
            for event in events
            if event["issueId"] == issue
            and str(event["eventType"]) in {"work-item.handoff", "work-item.rework"}
        ]
        assert all(
            after["fromStage"] in {before["toStage"], before["fromStage"]}
            for before, after in pairwise(moves)
        ), issue
    sessions = payloads(events, "agent.tool-summary")
    minutes = [float(str(session["duration"])) / 60_000 for session in sessions]
    assert min(minutes) > 1
    assert 4 < median(minutes) < 20
    assert max(minutes) < 180
    for session in sessions:
        assert 0 <= int(str(session["errors"])) < int(str(session["toolCalls"])) < 400
    costs = [float(str(session["costUsd"])) for session in sessions if session.get("costUsd") is not None]
    costs += [float(str(done["cost"])) for done in payloads(events, "work-item.completed") if "cost" in done]
    assert min(costs) > 0.001
    assert max(costs) < 10
    kinds = Counter("costUsd" in session and session["costUsd"] is not None for session in sessions)
    assert kinds[False] > 10


def test_the_page_leads_from_the_log_to_its_metrics(tmp_path: Path) -> None:
    """Each command to the letter; what it says is what the page shows; the documents are the reference's."""
    shown = [
        _lines(block) for block in re.findall(r"^```text\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE)
    ]
    assert len(shown) == 2
    for place, code in zip(BLOCK.findall(SECTION), (1, 0), strict=True):
        *commands, refresh = place.replace("\\\n", " ").replace("/data/", f"{tmp_path}/").splitlines()
        for command in commands:
            subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, capture_output=True)
        words = shlex.split(refresh.replace("/srv/", f"{tmp_path}/"))
        assert words[:2] == [".venv/bin/python", "scripts/refresh.py"]
        result = forked.run_refresh(words[2:], views=False)
        assert result.returncode == code, result.stderr
        said = result.stderr.replace(str(tmp_path), "/data").splitlines()
        names = [line for line in said if line.startswith(("unknown ", "no price "))]
        assert names == shown.pop(0)

    own = {"seeds_path": str(tmp_path / "seeds"), "default_org": LUMEN.id, "runs_from": "factory_events"}
    rows = [
        {
            "id": event["id"],
            "org_id": org.id,
            "event_type": event["eventType"],
            "project_id": event["projectId"],
            "issue_id": event["issueId"],
            "session_id": event["sessionId"],
            "occurred_at": event["occurredAt"],
            "payload": event["payload"],
        }
        for org in (LUMEN, HARVEST)
        for event in platform_logs.events_of(org)
    ]
    expected = compute(rows, [], as_instant(AS_OF) or 0, settings(own))
    assert not expected.rejected["factory_events"]
    assert {*expected.documents} == {LUMEN.id, HARVEST.id}
    for org, documents in expected.documents.items():
        for (metric_type, days), document in documents.items():
            path = tmp_path / "platform-home" / "documents" / org / metric_type / f"{days}d.json"
            assert json.loads(path.read_text()) == document, (org, metric_type, days)
    sources = {org: expected.cost_sources[org, 30] for org in expected.documents}
    assert all({source for _, source in of} == {"reported", "computed", "unknown"} for of in sources.values())
    assert {name for of in sources.values() for name, _ in of} == {
        *("anthropic", "openai", "google", "in-house")
    }


def _lines(block: str) -> list[str]:
    """Return the lines of a block; one that is indented goes on the one before."""
    return re.sub(r"\n +", " ", block).splitlines()
