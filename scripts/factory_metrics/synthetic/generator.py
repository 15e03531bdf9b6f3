"""Make raw logs of any size: the stories of very many issues of many orgs, retold by DuckDB.

A few hundred stories are told in Python; DuckDB gives them to issues, with ids, dates, delays and costs of
their own. Everything is drawn from hashes of the seed and of an issue's number within its quarter of an hour
of working time. So a seed is one endless log: any period of it can be made at any time, and periods fit
together.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from factory_metrics.project import UserError
from factory_metrics.synthetic import generator_sql, stories, working_time
from factory_metrics.synthetic.characters import GEMINI, GPT, GPT_MINI, HAIKU, MISTRAL, SONNET, Character
from factory_metrics.synthetic.working_time import HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SEED = 1
STORIES_PER_CHARACTER = 150
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=3660)
CHUNK_EVENTS = 2_000_000  # per file
SAMPLED_ISSUES = 10_000
SPARE = 1.03  # issues made beyond the expected need, as a chunk has to have its events

_REVIEWERS = ("ana", "bo", "chen", "dora", "emeka", "fatima", "goran", "hana")
CHARACTERS = (
    Character(
        models={SONNET: 50, HAIKU: 20, GPT: 20, GEMINI: 10},
        reviewers=_REVIEWERS,
        escalations=(None, None, "", "human_review", "auto_escalate"),
        runs=(1,),
        pace=12 * HOUR,
        review_pct=10,
        reject_pct=12,
        rework_pct=8,
        override_pct=5,
        incident_pct=8,
        parked_pct=1,
    ),
    Character(
        models={GPT: 60, GPT_MINI: 25, SONNET: 15},
        reviewers=_REVIEWERS,
        escalations=("human_review", "human_review", "compliance_board", None),
        runs=(0, 1, 1, 1),
        pace=20 * HOUR,
        review_pct=40,
        reject_pct=12,
        rework_pct=6,
        override_pct=3,
        incident_pct=4,
        parked_pct=1,
    ),
    Character(
        models={
            GEMINI: 45,
            GPT_MINI: 25,
            SONNET: 20,
            MISTRAL: 10,
        },
        reviewers=_REVIEWERS,
        escalations=(None, "auto_escalate", "pause_and_notify"),
        runs=(1, 1, 2),
        pace=6 * HOUR,
        review_pct=4,
        reject_pct=18,
        rework_pct=12,
        override_pct=10,
        incident_pct=15,
        parked_pct=2,
    ),
)


@dataclass(frozen=True)
class LogsRequest:
    """What to make: `events` rows of events that arrive from `begin` to before `end`, and their runs.

    With `continues`, issues from before `begin` go on, as in the next batch of an earlier log.
    """

    folder: Path
    events: int
    orgs: int
    begin: datetime
    end: datetime
    continues: bool
    seed: int = SEED


class Made(NamedTuple):
    """How many rows and files were written."""

    events: int
    runs: int
    files: int


class _Chunk(NamedTuple):
    """The issues begun in the slots from `first` to before `last`, and how many events of them are wanted."""

    first: int
    last: int
    events: int


def default_orgs(events: int) -> int:
    """Return a fitting number of orgs: one per 50,000 events, within 3 to 5,000."""
    return min(max(events // 50_000, 3), 5_000)


def generate(request: LogsRequest, report: Callable[[str], None]) -> Made:
    """Write Parquet files into the folders of both logs; `report` gets a line of progress per file of events.

    Raises:
        UserError: the request cannot be met, or the folder has files of this period already.
        OSError: the folder cannot be made.

    """
    if request.begin < EARLIEST or request.end - request.begin > LONGEST:
        message = f"choose a period of at most {LONGEST.days} days, from {EARLIEST.year} on"
        raise UserError(message)
    _prepare_folders(request)
    made = Made(0, 0, 0)
    with (
        tempfile.TemporaryDirectory(prefix="factory-logs-") as spill,
        duckdb.connect(config={"memory_limit": "2GB", "temp_directory": spill}) as con,
    ):
        length = _load_stories(con, request.seed)
        con.execute(generator_sql.MACROS)
        density, chunks = _plan(con, request, length)
        for number, chunk in enumerate(chunks, start=1):
            _fill(con, request, chunk, density)
            for log, rows in generator_sql.ROWS.items():
                path = request.folder / log / f"{_prefix(request)}{number:05d}.parquet"
                con.sql(rows).write_parquet(str(path), compression="zstd")
            events, runs = _counts(con)
            made = Made(made.events + events, made.runs + runs, made.files + len(generator_sql.ROWS))
            report(f"chunk {number} of {len(chunks)}: {events:,} events, {runs:,} runs")
    return made


def _prefix(request: LogsRequest) -> str:
    return f"{request.begin:%Y%m%dT%H%M%SZ}-"


def _prepare_folders(request: LogsRequest) -> None:
    for log in generator_sql.ROWS:
        folder = request.folder / log
        folder.mkdir(parents=True, exist_ok=True)
        if present := sorted(folder.glob(_prefix(request) + "*")):
            message = (
                f"{present[0]} is there already: delete the logs of that period, or choose another folder"
            )
            raise UserError(message)


def _load_stories(con: duckdb.DuckDBPyConnection, seed: int) -> int:
    """Tell the stories into the tables `event_steps` and `run_steps`; return the longest one's seconds."""
    rng = Random(f"stories {seed}")  # noqa: S311 - repeatable, not secret
    events: list[dict[str, str | int | None]] = []
    runs: list[dict[str, str | int | None]] = []
    step = length = 0
    for plot in range(len(CHARACTERS) * STORIES_PER_CHARACTER):
        story = stories.tell(rng, CHARACTERS[plot // STORIES_PER_CHARACTER])
        for happening in story.happenings:
            step += 1
            length = max(length, happening.at + happening.later)
            events.append(
                {
                    "step": step,
                    "plot": plot,
                    "seconds": happening.at + happening.later,
                    "event_type": happening.event_type,
                    "session": happening.session,
                    "actor_type": happening.actor_type,
                    "actor_id": happening.actor_id,
                    "payload": _open_object(happening.payload),
                    "committed_at": happening.committed_at,
                }
            )
        for run in story.runs:
            step += 1
            runs.append(
                {
                    "step": step,
                    "plot": plot,
                    "seconds": run.at,
                    "session": run.session,
                    "station": run.station,
                    "cost_nano_usd": run.cost_nano_usd,
                    "duration_ms": run.duration_ms,
                    "metadata": _open_object({"provider": run.provider, "model": run.model}),
                    "input_tokens": run.input_tokens,
                    "output_tokens": run.output_tokens,
                }
            )
    con.execute(generator_sql.EVENT_STEPS, [json.dumps(events)])
    con.execute(generator_sql.RUN_STEPS, [json.dumps(runs)])
    con.execute(generator_sql.STEPS)
    return length


def _open_object(keys: Mapping[str, str | int | None]) -> str:
    """Write a JSON object without its closing brace: a row adds keys of its own."""
    return json.dumps(keys, separators=(",", ":")).removesuffix("}")


def _plan(con: duckdb.DuckDBPyConnection, request: LogsRequest, length: int) -> tuple[float, list[_Chunk]]:
    """Return how many issues begin per slot, and the chunks.

    How many events an issue has within the period is counted on a sample.
    """
    first, last = (
        working_time.working_seconds(int((moment - working_time.MONDAY).total_seconds()))
        for moment in (request.begin - generator_sql.LATEST * request.continues, request.end)
    )
    if request.continues:
        first -= int(length * generator_sql.SLOWEST)
    first //= generator_sql.SLOT_SECONDS
    last = last // generator_sql.SLOT_SECONDS + 1
    sampled = max(SAMPLED_ISSUES // (last - first), 1)
    _make_arrivals(con, request, _Chunk(first, last, 0), sampled)
    expected = con.execute(generator_sql.EVENTS_PER_SLOT).fetchall()
    total = sum(count for _, count in expected)
    if not total:
        message = f"nothing happens from {request.begin} to {request.end}: choose a longer period"
        raise UserError(message)
    number = -(-request.events // CHUNK_EVENTS)
    chunks: list[_Chunk] = []
    reached = planned = 0
    for slot, count in expected:
        reached += count
        share = reached / total
        if share * number >= len(chunks) + 1 or reached == total:
            upto = last if reached == total else slot + 1
            chunks.append(_Chunk(first, upto, round(request.events * share) - planned))
            planned = round(request.events * share)
            first = upto
    return request.events * sampled / total, chunks


def _fill(con: duckdb.DuckDBPyConnection, request: LogsRequest, chunk: _Chunk, density: float) -> None:
    """Make the table `arrivals` with exactly the chunk's number of events."""
    spare = SPARE
    while True:
        _make_arrivals(con, request, chunk, density * spare)
        excess = _counts(con)[0] - chunk.events
        if excess >= 0:
            break
        spare *= 1.2
    con.execute(generator_sql.DROP_EXCESS, [excess])


def _make_arrivals(
    con: duckdb.DuckDBPyConnection, request: LogsRequest, chunk: _Chunk, density: float
) -> None:
    period = {"begin": request.begin.replace(tzinfo=None), "end": request.end.replace(tzinfo=None)}
    con.execute(
        generator_sql.ISSUES,
        {
            "seed": request.seed,
            "first": chunk.first,
            "last": chunk.last,
            "density": density,
            "orgs": request.orgs,
            "characters": len(CHARACTERS),
            "stories": STORIES_PER_CHARACTER,
            **period,
        },
    )
    con.execute(generator_sql.ARRIVALS, period)


def _counts(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Return the numbers of events and runs in `arrivals`."""
    ((events, runs),) = con.execute(generator_sql.COUNTS).fetchall()
    return events, runs
