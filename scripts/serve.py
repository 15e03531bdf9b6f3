"""Serve the documents of the published warehouse over HTTP: `GET /api/factory/metrics`.

Settings are environment variables; see docs/api.md. Logs go to stderr, as JSON lines.
"""

import _start  # noqa: F401

# isort: split
import argparse
import shlex
import sys
from collections.abc import Sequence
from datetime import timedelta

import duckdb

from factory_metrics.api.keys import KeyStore
from factory_metrics.api.openapi import METRICS_PATH, PAGE_PATH
from factory_metrics.api.server import Ports, run
from factory_metrics.api.settings import Settings, read_settings
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.project import UserError
from factory_metrics.runs.interrupts import run_command

_DEMO_LIFETIME = timedelta(days=1)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code: 0 after SIGTERM or SIGINT, 2 when it cannot start."""
    parser = argparse.ArgumentParser(description="Serve the metrics API.")
    parser.add_argument(
        "--demo",
        action="store_true",
        help="make a key for the warehouse's first org, and print how to use it",
    )
    arguments = parser.parse_args(argv)
    try:
        settings = read_settings()
        key = _demo_key(settings) if arguments.demo else None

        def started(ports: Ports) -> None:
            if key is not None:
                header = shlex.quote(f"Authorization: Bearer {key}")
                url = shlex.quote(f"{ports.url}{METRICS_PATH}?metricType=aggregate&timeRange=30d")
                print(f"curl -H {header} {url}", flush=True)
                print(f"Page: {ports.url}{PAGE_PATH} (any user name; the key is the password)", flush=True)

        run(settings, started)
    except UserError as error:
        print(f"serve: {error}", file=sys.stderr)
        return 2
    return 0


def _demo_key(settings: Settings) -> str:
    """Make a key that expires after a day."""
    with open_warehouse(settings.warehouse) as warehouse:
        try:
            row = warehouse.execute("SELECT min(org_id) FROM main.aggregate_30d").fetchone()
        except duckdb.Error as error:
            message = f"the warehouse {settings.warehouse} has no marts: build it with `make demo`"
            raise UserError(message) from error
    if row is None or row[0] is None:
        message = f"the warehouse {settings.warehouse} has no org: build it with `make demo`"
        raise UserError(message)
    store = KeyStore(settings.keys_database)
    store.prepare()
    try:
        return store.create(row[0], name="demo", lifetime=_DEMO_LIFETIME)[0]
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(run_command("serve", main))
