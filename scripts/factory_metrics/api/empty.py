"""Documents of an org that has no rows: zeros and empty lists, as of an org whose rows are all too old."""

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from factory_metrics.documents.contract import (
    AggregateDocument,
    AggregateMetrics,
    CostDocument,
    CostMetrics,
    DayCost,
    DevopsDocument,
    DevopsMetrics,
    HandoffDocument,
    HandoffMetrics,
    Infra,
    PhaseDocument,
    PhaseMetrics,
    PhaseStep,
    ProviderDocument,
    ReworkLoops,
    StationCost,
    StationDocument,
    StationMetrics,
)
from factory_metrics.documents.marts import Mart
from factory_metrics.shared_constants import STATIONS


def empty_document(mart: Mart, as_of: datetime) -> bytes:
    """Return the document of an org without rows; `as_of` (UTC) is the last instant of the window."""
    days = int(mart.time_range.removesuffix("d"))
    window = [as_of.date() - timedelta(days=ago) for ago in reversed(range(days))]
    no_infra = Infra(100.0, 0, 0, "0/day", "n/a", "n/a", "n/a")
    documents: dict[str, Struct] = {
        "aggregate": AggregateDocument(AggregateMetrics(0, 0.0, 0, 0.0, 0.0, [0.0] * days)),
        "station": StationDocument([StationMetrics(station, 0, 0, 0, 0.0) for station in STATIONS]),
        "cost": CostDocument(
            CostMetrics(
                avg_cost_per_issue=0.0,
                cost_per_station=[StationCost(station, 0.0) for station in STATIONS],
                cost_trend=[DayCost(day, 0.0) for day in window],
                human_time_pct=0.0,
                agent_time_pct=0.0,
            )
        ),
        "provider": ProviderDocument([]),
        "handoff": HandoffDocument(HandoffMetrics(0, 0.0, 0.0, 0.0, [])),
        "phase": PhaseDocument(
            PhaseMetrics([PhaseStep(phase, 0, 0.0, 0) for phase in STATIONS], ReworkLoops(0.0, 0, 0), [])
        ),
        "devops": DevopsDocument(DevopsMetrics(no_infra, [], [], [])),
    }
    return msgspec.json.encode(documents[mart.metric_type])
