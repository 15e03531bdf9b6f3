"""Make a small log as the platform's events API has it: no log of runs, few columns, names as they come.

Two orgs, three weeks. One org's events are pages as the API answers them, the other's are files of
hours as `scripts/pull_events.py` writes them. Costs come with some events only. The same seed gives the same
bytes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from factory_metrics.shared_constants import EVENT_TYPES
from factory_metrics.synthetic import stories, working_time
from factory_metrics.synthetic.characters import GEMINI, GPT, HAIKU, SONNET, Character, Model
from factory_metrics.synthetic.demo_orgs import END
from factory_metrics.synthetic.stories import AgentRun, chance
from factory_metrics.synthetic.working_time import HOUR, MONDAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SEED = 20261128
DAYS = 21
PAGE_EVENTS = 100  # the API's default
# What the platform emits, out of what happens.
_EMITTED = {name for name in EVENT_TYPES if name.startswith("work-item.")} | {"agent.crash-recovery"}

# A model that the org runs by itself; its price is nobody's business.
ORCHARD = Model("in-house", "orchard-coder-2", 0, 0)

PlatformEvent = dict[str, object]


@dataclass(frozen=True)
class PlatformOrg:
    """An org on the platform: its names of the stations, and the models whose prices the platform knows."""

    id: str
    team: str  # as issues are numbered
    project: str
    issues: int
    stages: Mapping[str, tuple[str, ...]]
    priced: frozenset[Model]
    says_work_type: bool  # sessions tell what they worked on
    books_at_the_end: bool  # a session's cost comes with the issue's completion, if at all
    character: Character


LUMEN = PlatformOrg(
    id="lumen-labs",
    team="LUM",
    project="prism",
    issues=15,
    stages={
        "research": ("research", "backlog-writer"),
        "development": ("development", "development", "coordination", "refinement"),
        "security": ("security-review",),
        "qa": ("qa",),
        "acceptance": ("acceptance",),
        "deploy": ("release",),
    },
    priced=frozenset({SONNET, HAIKU}),
    says_work_type=False,
    books_at_the_end=False,
    character=Character(
        models={SONNET: 50, HAIKU: 15, GPT: 35},
        reviewers=("nobody",),
        escalations=(None,),
        runs=(1, 2),
        pace=9 * HOUR,
        review_pct=0,
        reject_pct=0,
        rework_pct=9,
        override_pct=0,
        incident_pct=0,
        parked_pct=1,
    ),
)
HARVEST = PlatformOrg(
    id="harvest-foods",
    team="HARV",
    project="pantry",
    issues=9,
    stages={
        "research": ("Triage",),
        "development": ("In Progress",),
        "security": ("Compliance Check",),
        "qa": ("In Review",),
        "acceptance": ("UAT",),
        "deploy": ("Roll-out",),
    },
    priced=frozenset(),
    says_work_type=True,
    books_at_the_end=True,
    character=Character(
        models={GEMINI: 65, ORCHARD: 35},
        reviewers=("nobody",),
        escalations=(None,),
        runs=(1, 2),
        pace=14 * HOUR,
        review_pct=0,
        reject_pct=0,
        rework_pct=7,
        override_pct=0,
        incident_pct=0,
        parked_pct=2,
    ),
)


def write_platform_logs(folder: Path, seed: int = SEED) -> tuple[int, int]:
    """Write the events of both orgs below `folder`; return how many events and files there are."""
    pages = events_of(LUMEN, seed)
    hours = events_of(HARVEST, seed)
    log = folder / "factory_events"
    files = _write_pages(log / LUMEN.id, pages) + _write_hours(log / HARVEST.id, HARVEST.id, hours)
    return len(pages) + len(hours), files


def events_of(org: PlatformOrg, seed: int = SEED) -> list[PlatformEvent]:
    """Return an org's events as the API has them, oldest first."""
    rng = Random(f"{seed} {org.id}")  # noqa: S311 - repeatable, not secret
    end = working_time.working_seconds(int((END - MONDAY).total_seconds()))
    begin = working_time.working_seconds(int((END - timedelta(days=DAYS) - MONDAY).total_seconds()))
    events: list[PlatformEvent] = []
    for number in range(org.issues):
        start = begin + (number * (end - begin) + rng.randrange(end - begin)) // org.issues
        events += _Issue(org, rng, start, 101 + number).live()
    return sorted(events, key=lambda event: (event["occurredAt"], event["id"]))


class _Issue:
    """Lives through one issue's story, and emits what the platform tells of it."""

    def __init__(self, org: PlatformOrg, rng: Random, start: int, number: int) -> None:
        self.org = org
        self.rng = rng
        self.start = start  # in working time
        self.issue = f"{org.team}-{number}"
        self.key = f"{number * 2654435761 % 2**28:07x}"
        self.stages = {station: rng.choice(names) for station, names in org.stages.items()}
        self.events: list[PlatformEvent] = []

    def live(self) -> list[PlatformEvent]:
        """Return the events up to the end, in no particular order."""
        story = stories.tell(self.rng, self.org.character)
        runs: dict[int, list[AgentRun]] = defaultdict(list)
        for run in story.runs:
            runs[run.session].append(run)
        for of_session in runs.values():
            self._complete_session(of_session)
        for happening in story.happenings:
            if happening.event_type in _EMITTED:
                payload = {key: self._named(key, value) for key, value in happening.payload.items()}
                session = happening.session
                if happening.event_type == "work-item.completed" and self.org.books_at_the_end:
                    payload |= self._booked(runs.get(session or 0, []))
                self._emit(happening.at, happening.event_type, session, payload)
        return self.events

    def _named(self, key: str, value: object) -> object:
        """Return a value of a payload; a station by the name that the org has for it."""
        is_stage = key in {"stage", "fromStage", "toStage"}
        return self.stages[str(value).strip().lower()] if is_stage else value

    def _complete_session(self, runs: Sequence[AgentRun]) -> None:
        """Emit the summary of a session; an agent that was killed has no tokens to tell."""
        model = self._model(runs[0])
        calls = 5 + sum(run.output_tokens for run in runs) // 400 + self.rng.randint(0, 20)
        payload: dict[str, object] = {
            "toolCalls": calls,
            "errors": self.rng.randint(0, calls // 12),
            "duration": sum(run.duration_ms for run in runs),
            "model": model.name,
        }
        if self.org.says_work_type:
            payload["workType"] = self.stages[runs[0].station]
        if not chance(self.rng, 4):
            payload |= _tokens(runs)
            payload["costUsd"] = _usd(runs, model) if model in self.org.priced else None
        self._emit(runs[-1].at, "agent.tool-summary", runs[0].session, payload)

    def _booked(self, runs: Sequence[AgentRun]) -> dict[str, object]:
        """Return what the completion of an issue tells of its last session's cost."""
        if not runs or self._model(runs[0]) == ORCHARD or chance(self.rng, 40):
            return {}
        return {"cost": _usd(runs, self._model(runs[0]))}

    def _model(self, run: AgentRun) -> Model:
        return next(model for model in self.org.character.models if model.name == run.model)

    def _emit(self, at: int, event_type: str, session: int | None, payload: dict[str, object]) -> None:
        moment = MONDAY + timedelta(
            seconds=working_time.calendar_seconds(self.start + at), milliseconds=self.rng.randrange(1000)
        )
        if moment <= END:
            self.events.append(
                {
                    "id": f"evt_{self.rng.getrandbits(40):010x}",
                    "eventType": event_type,
                    "issueId": self.issue,
                    "sessionId": None if session is None else f"ses_{self.key}-{session}",
                    "projectId": self.org.project,
                    "occurredAt": _text(moment),
                    "payload": payload,
                }
            )


def _tokens(runs: Sequence[AgentRun]) -> dict[str, object]:
    """Return the tokens of a session: two thirds of what it reads, it has read before."""
    read = sum(run.input_tokens for run in runs)
    return {
        "inputTokens": read - 2 * read // 3,
        "outputTokens": sum(run.output_tokens for run in runs),
        "cacheReadTokens": 2 * read // 3,
    }


def _usd(runs: Sequence[AgentRun], model: Model) -> float:
    """Return what a session cost; what it has read before costs a tenth."""
    read = sum(run.input_tokens for run in runs)
    cached = 2 * read // 3
    written = sum(run.output_tokens for run in runs)
    billionths = (read - cached) * model.input_price + written * model.output_price
    return (billionths + cached * model.input_price // 10) / 10**9


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_pages(folder: Path, events: Sequence[PlatformEvent]) -> int:
    """Write pages as the API answers them; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(events), PAGE_EVENTS)
    for number, start in enumerate(starts, start=1):
        page = {"events": events[start : start + PAGE_EVENTS]}
        (folder / f"page-{number}.json").write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")
    return len(starts)


def _write_hours(folder: Path, org: str, events: Sequence[PlatformEvent]) -> int:
    """Write a file per hour with events, as they are pulled; return how many."""
    folder.mkdir(parents=True, exist_ok=True)
    hours: dict[str, list[PlatformEvent]] = defaultdict(list)
    for event in events:
        hours[str(event["occurredAt"])[:13]].append({"org_id": org, **event})
    for hour, rows in hours.items():
        rows.sort(key=lambda row: str(row["id"]))
        lines = [json.dumps(row, separators=(",", ":")) + "\n" for row in rows]
        (folder / f"{hour}.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(hours)
