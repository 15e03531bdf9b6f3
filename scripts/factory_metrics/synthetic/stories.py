"""Tell what happens to one work item of a made-up factory: its story.

A story has no date, org or ids yet: its times are seconds of working time since its start, and a `#` in
a text value stands for the key of the issue that gets the story. The demo and the large logs are both
made of stories.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factory_metrics.shared_constants import STATIONS
from factory_metrics.synthetic.characters import SONNET, Character
from factory_metrics.synthetic.phrases import BRANCHES, COMMENTS, ERRORS, OVERRIDES, REWORKS, TITLES
from factory_metrics.synthetic.working_time import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from random import Random

# positions in STATIONS
DEVELOPMENT, ACCEPTANCE, DEPLOY = map(STATIONS.index, ("development", "acceptance", "deploy"))


MAX_REWORKS = 4  # of one issue
MAX_ATTEMPTS = 5  # of a pipeline


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of a story: `at` and `committed_at` are seconds since its start.

    Machines know no weekends: `later` are seconds of clock time after `at`.
    """

    at: int
    event_type: str
    actor_type: str
    actor_id: str
    session: int | None
    payload: dict[str, str | int | bool | None]
    committed_at: int | None = None
    later: int = 0


@dataclass(frozen=True, slots=True)
class AgentRun:
    """One agent run of a story, finished `at` seconds after its start. `provider` is None when unrecorded."""

    at: int
    session: int
    station: str
    cost_nano_usd: int
    duration_ms: int
    provider: str | None
    model: str
    input_tokens: int
    output_tokens: int


@dataclass
class Story:
    """The events and agent runs of one issue, in no particular order."""

    happenings: list[Happening] = field(default_factory=list)
    runs: list[AgentRun] = field(default_factory=list)


def chance(rng: Random, percent: int) -> bool:
    """Return True in `percent` of 100 cases."""
    return rng.random() * 100 < percent


def skewed(rng: Random, low: int, high: int) -> int:
    """Draw a whole number of at least `low` and below `high`, mostly a small one."""
    u = rng.random()
    return low + int((high - low) * u * u * u)  # no pow, no log: the same on every platform


def tell(rng: Random, character: Character) -> Story:
    """Tell one issue's story."""
    teller = _Teller(rng, character)
    teller.tell()
    return teller.story


class _Teller:
    """Walks one issue through the stations and notes what happens."""

    def __init__(self, rng: Random, character: Character) -> None:
        self.rng = rng
        self.character = character
        self.story = Story()
        self.now = 0
        self.entered = 0  # when the present visit began
        self.session = 0
        self.model = SONNET
        self.provider: str | None = SONNET.provider  # as this session's agent writes it
        self.committed: int | None = None
        self.serial = 0  # numbers pipelines, deployments and incidents within the issue

    def tell(self) -> None:
        rng, character = self.rng, self.character
        station = DEVELOPMENT if chance(rng, 15) else 0
        self._start(station)
        if chance(rng, 5):  # the agent was started twice
            self._wait(1 * MINUTE, 20 * MINUTE)
            self._start(station)
        reworks = 0
        reopened = False
        while True:
            self._work(station)
            if chance(rng, character.parked_pct):
                return
            approved = self._review(station)
            self._wait(1 * MINUTE, 25 * MINUTE)  # until an agent takes it up
            if reworks < MAX_REWORKS and (
                not approved or (station > 0 and chance(rng, character.rework_pct))
            ):
                reworks += 1
                back = DEVELOPMENT if station > DEVELOPMENT and chance(rng, 75) else max(station - 1, 0)
                self._rework(station, back)
                station = back
            elif station > DEVELOPMENT and chance(rng, 1):  # the agent started over
                station = DEVELOPMENT
                self._start(station)
            elif station < DEPLOY:
                self._handoff(station)
                station += 1
            else:
                self._release()
                self._wait(2 * MINUTE, 40 * MINUTE)  # a look at production
                self._complete()
                if reopened or not chance(rng, 5):
                    return
                reopened = True
                reworks += 1
                self._wait(6 * HOUR, 4 * DAY)
                station = DEVELOPMENT
                if chance(rng, 70):
                    self._rework(DEPLOY, station)
                else:
                    self._start(station)

    def _wait(self, low: int, high: int) -> None:
        self.now += skewed(self.rng, low, high)

    def _agent(self) -> str:
        return f"agent-{self.model.name}"

    def _note(
        self, event_type: str, payload: dict[str, str | int | bool | None], *, human: str | None = None
    ) -> None:
        actor = ("human", human) if human else ("agent", self._agent())
        self.story.happenings.append(Happening(self.now, event_type, *actor, self.session, payload))

    def _note_system(
        self,
        at: int,
        event_type: str,
        payload: dict[str, str | int | bool | None],
        committed_at: int | None = None,
        later: int = 0,
    ) -> None:
        actor_id = event_type.partition(".")[0] + "-bot"
        self.story.happenings.append(
            Happening(at, event_type, "system", actor_id, None, payload, committed_at, later)
        )

    def _stage(self, station: int) -> str:
        name = STATIONS[station]
        return self.rng.choice((name.title(), name.upper(), f" {name} ")) if chance(self.rng, 2) else name

    def _enter(self) -> None:
        self.entered = self.now
        self.session += 1
        models = self.character.models
        (self.model,) = self.rng.choices(list(models), list(models.values()))
        self.provider = self.model.provider
        if chance(self.rng, 5):  # older agents write it otherwise, or not at all
            self.provider = self.rng.choice((self.provider.title(), f" {self.provider} ", None))

    def _start(self, station: int) -> None:
        self._enter()
        self._note("work-item.started", {"stage": self._stage(station)})

    def _handoff(self, station: int) -> None:
        payload = {"fromStage": STATIONS[station], "toStage": self._stage(station + 1)}
        self._note("work-item.handoff", {**payload, "duration": (self.now - self.entered) * 1000})
        if chance(self.rng, 2):  # the sender lost the answer and handed off again
            self._wait(1 * MINUTE, 10 * MINUTE)
            self._note("work-item.handoff", {**payload, "duration": (self.now - self.entered) * 1000})
        self._enter()

    def _rework(self, station: int, back: int) -> None:
        reason = self.rng.choice(REWORKS)
        self._note(
            "work-item.rework",
            {"fromStage": STATIONS[station], "toStage": self._stage(back), "reason": reason},
        )
        self._enter()

    def _complete(self) -> None:
        payload: dict[str, str | int | bool | None] = {
            "result": "success" if chance(self.rng, 96) else "cancelled"
        }
        escalation = self.rng.choice(self.character.escalations)
        if escalation is not None:
            payload["escalationStrategy"] = escalation
        self._note("work-item.completed", payload)

    def _work(self, station: int) -> None:
        rng = self.rng
        runs = rng.choice(self.character.runs)
        if station == ACCEPTANCE:  # mostly a human's work
            runs //= 2
        for _ in range(runs):
            pause = skewed(rng, 5 * MINUTE, self.character.pace)
            if chance(rng, 3):
                self.now += pause // 2
                crash = rng.choice(("oom", "timeout", "provider-error"))
                self._note(
                    "agent.crash-recovery",
                    {"crashType": crash, "recoveryCount": rng.randint(1, 3), "errorMsg": rng.choice(ERRORS)},
                )
                pause -= pause // 2
            self.now += pause
            self._run(station, min(pause, 3 * HOUR))
        self._wait(1 * MINUTE, 30 * MINUTE)
        if station == DEVELOPMENT:
            self._pipeline("ci", "push", rng.choice(BRANCHES))

    def _run(self, station: int, longest: int) -> None:
        rng, model = self.rng, self.model
        size = 3 if station == DEVELOPMENT else 1
        tokens_in, tokens_out = size * skewed(rng, 4_000, 160_000), size * skewed(rng, 600, 16_000)
        # what the model needs to read and write, and the tools it calls
        seconds = 2 * MINUTE + tokens_in // 300 + tokens_out // 20
        duration_ms = min(seconds, longest) * rng.randrange(600, 1000)
        cost = tokens_in * model.input_price + tokens_out * model.output_price
        run = AgentRun(
            self.now,
            self.session,
            STATIONS[station],
            cost,
            duration_ms,
            self.provider,
            model.name,
            tokens_in,
            tokens_out,
        )
        self.story.runs.append(run)
        if chance(rng, 8):
            calls = skewed(rng, 3, 120)
            self._note(
                "agent.tool-summary",
                {
                    "toolCalls": calls,
                    "errors": rng.randint(0, calls // 6),
                    "duration": duration_ms,
                    "model": model.name,
                },
            )

    def _review(self, station: int) -> bool:
        """Let a human review the visit, perhaps, and return whether the issue may go on."""
        rng, character = self.rng, self.character
        if station != ACCEPTANCE and not chance(rng, character.review_pct):
            return True
        reviewer = rng.choice(character.reviewers)
        self._wait(5 * MINUTE, 10 * HOUR)
        begun = self.now
        has_begun = not chance(rng, 8)  # some reviewers only ever press the button
        if has_begun:
            self._note(
                "human.review-started", {"reviewerId": reviewer, "stage": STATIONS[station]}, human=reviewer
            )
        self._wait(3 * MINUTE, 60 * MINUTE)
        approved = not chance(rng, character.reject_pct)
        payload: dict[str, str | int | bool | None] = {"approved": approved, "comment": rng.choice(COMMENTS)}
        if chance(rng, 65) or not has_begun:
            payload["duration"] = (self.now - begun) * 1000 if chance(rng, 97) or not has_begun else -1
        self._note("human.review-completed", payload, human=reviewer)
        if chance(rng, character.override_pct):
            self._wait(2 * MINUTE, 2 * HOUR)
            approved = not approved
            self._note(
                "human.override",
                {
                    "overriddenSessionId": f"ses_#-{self.session}",
                    "reason": rng.choice(OVERRIDES),
                    "newOutcome": "approved" if approved else "rejected",
                },
                human=rng.choice(character.reviewers),
            )
        return approved

    def _next(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}_#-{self.serial}"

    def _pipeline(self, name: str, trigger: str, branch: str) -> None:
        """Push or merge until a pipeline has succeeded."""
        rng = self.rng
        for attempts_left in reversed(range(MAX_ATTEMPTS)):
            if trigger == "push":
                self.committed = self.now
            pipeline = self._next("pipe")
            payload: dict[str, str | int | bool | None] = {
                "pipelineId": pipeline,
                "name": name,
                "trigger": trigger,
                "branch": branch,
                "commit": f"#{self.session}",
            }
            self._note_system(self.now, "pipeline.started", payload)
            length = skewed(rng, 4 * MINUTE, 40 * MINUTE)
            (status,) = rng.choices(("success", "failure", "cancelled", None), (84, 10, 4, 2))
            if not attempts_left:
                status = "success"
            if status is not None:  # else the runner died: it is running for ever
                self._note_system(
                    self.now,
                    "pipeline.finished",
                    {"pipelineId": pipeline, "status": status},
                    later=length // 3 if status == "cancelled" else length,
                )
            self.now += length
            if status == "success":
                return
            self._wait(3 * MINUTE, 90 * MINUTE)

    def _deployment(
        self,
        environment: str,
        status: str,
        *,
        at: int,
        is_rollback: bool = False,
        rollback_of: str | None = None,
    ) -> str:
        rng = self.rng
        deployment = self._next("dep")
        payload: dict[str, str | int | bool | None] = {
            "deploymentId": deployment,
            "version": f"v{rng.randint(1, 4)}.{rng.randint(0, 30)}.{rng.randint(0, 99)}",
            "environment": environment,
            "status": status,
            "commit": f"#{self.session}",
            "deployedBy": rng.choice(self.character.reviewers) if is_rollback else self._agent(),
            "isRollback": is_rollback,
        }
        if rollback_of:
            payload["rollbackOf"] = rollback_of
        committed = None if is_rollback or chance(rng, 5) else self.committed
        self._note_system(at, "deployment.finished", payload, committed)
        return deployment

    def _release(self) -> None:
        """Deploy to staging and production; what goes wrong there happens later, beside the story."""
        rng = self.rng
        self._pipeline("release", "merge", "main")
        self._wait(4 * MINUTE, 60 * MINUTE)
        if chance(rng, 60):
            self._deployment("staging", "success" if chance(rng, 93) else "failure", at=self.now)
            self._wait(10 * MINUTE, 5 * HOUR)
        if chance(rng, 8):
            self._deployment("production", "failure", at=self.now)
            self._wait(15 * MINUTE, 3 * HOUR)
        deployment = self._deployment("production", "success", at=self.now)
        rollback_pct = 2
        at = self.now
        if chance(rng, self.character.incident_pct):
            at += skewed(rng, 5 * MINUTE, 8 * HOUR)
            self._incident(at, deployment if chance(rng, 60) else None)
            rollback_pct = 45
        if chance(rng, rollback_pct):
            self._deployment(
                "production",
                "success" if chance(rng, 90) else "failure",
                at=at + skewed(rng, 3 * MINUTE, 60 * MINUTE),
                is_rollback=True,
                rollback_of=deployment if chance(rng, 60) else None,
            )

    def _incident(self, at: int, deployment: str | None) -> None:
        rng = self.rng
        incident = self._next("inc")
        (severity,) = rng.choices(("critical", "major", "minor"), (25, 40, 35))
        payload: dict[str, str | int | bool | None] = {
            "incidentId": incident,
            "title": rng.choice(TITLES),
            "severity": severity,
        }
        if deployment:
            payload["deploymentId"] = deployment
        self._note_system(at, "incident.opened", payload)
        if severity == "critical" or not chance(rng, 4):
            later = skewed(rng, 8 * MINUTE, (4 if severity == "critical" else 20) * HOUR)
            self._note_system(at, "incident.resolved", {"incidentId": incident}, later=later)
