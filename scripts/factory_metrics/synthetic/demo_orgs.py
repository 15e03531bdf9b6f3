"""The three orgs of the demo, and its 120 days."""

from __future__ import annotations

from dataclasses import dataclass

from factory_metrics.project import demo_as_of
from factory_metrics.synthetic.characters import GEMINI, GPT, GPT_MINI, HAIKU, MISTRAL, SONNET, Character
from factory_metrics.synthetic.working_time import HOUR

END = demo_as_of()
DAYS = 120


@dataclass(frozen=True)
class Org:
    """A tenant of the demo: `issues` in 120 days, the office's `zone` (hours from UTC).

    Beside what its releases cause it has an incident every `incident_weeks` weeks, an outage as many days ago
    as each of `outages` says (lowest and highest number), and an incident that is still open.
    """

    id: str
    projects: tuple[str, ...]
    issues: int
    zone: int
    last_incident: str  # severity of the incident that is still open
    incident_weeks: int
    outages: tuple[tuple[int, int], ...]
    character: Character


ORGS = (
    Org(  # large, steady, mostly one provider
        id="acme-robotics",
        projects=("firmware", "fleet-console", "telemetry"),
        issues=72,
        zone=2,
        last_incident="minor",
        incident_weeks=5,
        outages=((2, 4), (30, 50)),
        character=Character(
            models={SONNET: 55, HAIKU: 20, GPT: 15, GEMINI: 10},
            reviewers=("maya.lind", "tomas.okafor", "ruth.berger", "jin.park"),
            escalations=(None, None, None, "", "human_review", "auto_escalate"),
            runs=(1, 2, 3),
            pace=14 * HOUR,
            review_pct=8,
            reject_pct=12,
            rework_pct=4,
            override_pct=5,
            incident_pct=5,
            parked_pct=0,
        ),
    ),
    Org(  # regulated: everything is reviewed, much goes back, little breaks
        id="northwind-health",
        projects=("patient-portal", "claims-api"),
        issues=54,
        zone=-5,
        last_incident="major",
        incident_weeks=8,
        outages=((30, 50),),
        character=Character(
            models={GPT: 55, SONNET: 30, GPT_MINI: 15},
            reviewers=("dr.alvarez", "s.whitfield", "compliance.duty"),
            escalations=("human_review", "human_review", "human_review", "compliance_board", None),
            runs=(1, 2, 3),
            pace=22 * HOUR,
            review_pct=35,
            reject_pct=9,
            rework_pct=3,
            override_pct=4,
            incident_pct=4,
            parked_pct=0,
        ),
    ),
    Org(  # a young company: fast, cheap models, things break
        id="pixel-harbor",
        projects=("storefront", "ad-engine"),
        issues=54,
        zone=9,
        last_incident="critical",
        incident_weeks=3,
        outages=((2, 4), (30, 50)),
        character=Character(
            models={
                GEMINI: 40,
                GPT_MINI: 30,
                SONNET: 20,
                MISTRAL: 10,
            },
            reviewers=("kenji", "lola"),
            escalations=(None, "auto_escalate", "auto_escalate", "pause_and_notify"),
            runs=(1, 2),
            pace=6 * HOUR,
            review_pct=4,
            reject_pct=20,
            rework_pct=6,
            override_pct=12,
            incident_pct=18,
            parked_pct=1,
        ),
    ),
)
