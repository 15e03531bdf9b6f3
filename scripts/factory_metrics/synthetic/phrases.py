"""What people and agents of made-up factories write."""

from __future__ import annotations

ERRORS = ("context window exceeded", "tool call timed out", "container was evicted", "rate limit reached")
BRANCHES = (
    "feat/retry-webhooks",
    "fix/null-invoice",
    "feat/bulk-export",
    "chore/upgrade-deps",
    "fix/login-loop",
)
COMMENTS = (
    "looks good",
    "needs a test for the empty case",
    "ship it",
    "please split the migration",
    "nice and small",
)
OVERRIDES = ("the agent misread the ticket", "customer agreed to the risk", "flaky check", "policy exception")
REWORKS = (
    "tests failed",
    "review rejected",
    "vulnerable dependency",
    "missed acceptance criterion",
    "merge conflict",
)
TITLES = (
    "The API returns 502",
    "Latency of the search API above 2 s",
    "Webhooks delivered twice",
    "Login fails for SSO users",
    "Nightly export is empty",
    "Queue backlog keeps growing",
    "Disk of the primary database almost full",
)
