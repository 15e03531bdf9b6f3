"""The documentation's examples of the documents."""

# The documentation's examples, written out where it abbreviates them.
EXAMPLES = {
    "aggregate": (
        '{"metrics":{"totalIssues":47,"totalCost":256.82,"avgCycleTimeMs":50400000,"avgYield":92.1,'
        '"throughputPerDay":1.57,"costTrend":[12.5,13.2,11.8,14.1]}}'
    ),
    "station": (
        '{"metrics":['
        '{"station":"research","wipCount":1,"throughput":2,"cycleTimeMs":10800000,"yield":95.0},'
        '{"station":"development","wipCount":3,"throughput":3,"cycleTimeMs":18000000,"yield":92.0},'
        '{"station":"security","wipCount":0,"throughput":0,"cycleTimeMs":0,"yield":0.0},'
        '{"station":"qa","wipCount":0,"throughput":0,"cycleTimeMs":0,"yield":0.0},'
        '{"station":"acceptance","wipCount":0,"throughput":0,"cycleTimeMs":0,"yield":0.0},'
        '{"station":"deploy","wipCount":0,"throughput":0,"cycleTimeMs":0,"yield":0.0}]}'
    ),
    "cost": (
        '{"metrics":{"avgCostPerIssue":1.23,"costPerStation":['
        '{"station":"development","cost":0.62},{"station":"qa","cost":0.38},{"station":"security","cost":0.15},'
        '{"station":"research","cost":0.05},{"station":"acceptance","cost":0.02},{"station":"deploy","cost":0.01}],'
        '"costTrend":[{"date":"2026-05-03","cost":1.18},{"date":"2026-05-04","cost":1.25},'
        '{"date":"2026-05-05","cost":1.2}],"humanTimePct":25.0,"agentTimePct":75.0}}'
    ),
    "provider": (
        '{"metrics":['
        '{"provider":"anthropic","successRate":89.0,"avgCost":1.45,"avgDurationMs":1800000,"totalRuns":23,'
        '"costEfficiency":61.4},'
        '{"provider":"openai","successRate":76.0,"avgCost":2.1,"avgDurationMs":2400000,"totalRuns":18,'
        '"costEfficiency":36.2}]}'
    ),
    "handoff": (
        '{"metrics":{"avgReviewLatencyMs":3600000,"acceptanceRate":0.92,"overrideFrequency":0.08,'
        '"handoffFrictionScore":0.12,"overrideTimeline":[{"date":"2026-05-10","count":1},'
        '{"date":"2026-05-15","count":2},{"date":"2026-05-22","count":1}]}}'
    ),
    "phase": (
        '{"metrics":{"phases":['
        '{"phase":"research","avgCycleTimeMs":28800000,"avgCostUsd":0.15,"throughput":47},'
        '{"phase":"development","avgCycleTimeMs":57600000,"avgCostUsd":0.62,"throughput":47},'
        '{"phase":"security","avgCycleTimeMs":0,"avgCostUsd":0.0,"throughput":0},'
        '{"phase":"qa","avgCycleTimeMs":0,"avgCostUsd":0.0,"throughput":0},'
        '{"phase":"acceptance","avgCycleTimeMs":0,"avgCostUsd":0.0,"throughput":0},'
        '{"phase":"deploy","avgCycleTimeMs":0,"avgCostUsd":0.0,"throughput":0}],'
        '"reworkLoops":{"avgCyclesPerIssue":1.08,"totalReworks":4,"totalCompleted":47},'
        '"escalationDistribution":[{"strategy":"auto_escalate","count":3,"percentage":6.4},'
        '{"strategy":"human_review","count":44,"percentage":93.6}]}}'
    ),
    "devops": (
        '{"metrics":{"infra":{"uptimePct":99.5,"activeDeployments":12,"openIncidents":0,'
        '"deploymentFrequency":"2.5/day","changeFailureRate":"5.2%","leadTimeForChanges":"4.5h",'
        '"meanTimeToRecovery":"15m"},'
        '"pipelines":[{"name":"main","status":"success","duration":"12m","trigger":"push","branch":"main",'
        '"commit":"abc123","startedAt":"2026-06-02T14:00:00Z"}],'
        '"deployments":[{"id":"dep_xyz","version":"v1.2.3","environment":"production","status":"success",'
        '"deployedAt":"2026-06-02T14:15:00Z","deployedBy":"agent-claude-sonnet","isRollback":false}],'
        '"incidents":[]}}'
    ),
}
