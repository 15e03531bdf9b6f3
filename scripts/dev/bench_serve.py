"""Measure the endpoint beside a bare handler of the same server that returns the same bytes.

    .venv/bin/python scripts/dev/bench_serve.py --orgs 1000 --seconds 8

wrk (Debian: wrk) sends the same requests to both, in turns: every org's key after the other, its aggregate
(with --all-documents all metric types and time ranges). The bare handler sends in ASGI's two steps, as any
application of uvicorn's does, the endpoint in one. The endpoint checks keys and counts requests, with a limit
that nobody reaches, and writes its access log (to a file). Documents are read once before it starts.
"""

import argparse
import asyncio
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import requests
import uvicorn
import uvloop

import _path  # noqa: F401
from bench_serialize import make_warehouse
from factory_metrics.api.app import App, MetricsApi, Receive, Scope, Send
from factory_metrics.api.keys import KeyStore
from factory_metrics.api.openapi import METRICS_PATH
from factory_metrics.api.protocol import uvicorn_config
from factory_metrics.documents.marts import Mart, read_documents
from factory_metrics.documents.output import Selection
from factory_metrics.documents.warehouse import open_warehouse
from factory_metrics.project import ROOT, time_ranges

_CONNECTIONS = 64
_SERVER = ROOT / "scripts" / "serve.py"
_READY_SECONDS = 30

# wrk calls request() for each request; the texts are made once.
_LUA = """
local texts, next_text = {{}}, 0
function init()
    for key in io.lines("{keys}") do
        for target in io.lines("{targets}") do
            texts[#texts + 1] = wrk.format("GET", target, {{ ["Authorization"] = "Bearer " .. key }})
        end
    end
end
function request()
    next_text = next_text % #texts + 1
    return texts[next_text]
end
"""


def main() -> None:
    """Make keys and a warehouse, measure, print."""
    parser = argparse.ArgumentParser(description="Measure the endpoint beside a bare handler.")
    parser.add_argument("--orgs", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=8, help="of each run; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; default: %(default)s")
    parser.add_argument(
        "--all-documents", action="store_true", help="all 21 of an org; default: its aggregate"
    )
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--key", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        _serve_bare(arguments.bare, arguments.key)
        return
    if shutil.which("wrk") is None:
        parser.error("wrk is not installed (Debian: wrk)")
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as name:
        _measure(Path(name), arguments)


def _measure(folder: Path, arguments: argparse.Namespace) -> None:
    """Print requests a second and latencies, and their ratios."""
    marts = Selection().marts(time_ranges())
    if not arguments.all_documents:
        marts = [Mart("aggregate", "30d")]
    warehouse, url = folder / "factory.duckdb", f"sqlite:///{folder / 'keys.sqlite'}"
    make_warehouse(warehouse, Selection().marts(time_ranges()), arguments.orgs)
    store = KeyStore(url)
    store.prepare()
    with open_warehouse(warehouse) as opened:
        orgs = [org for org, _ in read_documents(opened, Mart("aggregate", "30d"), "", "~")]
    keys = [store.create(org)[0] for org in orgs]
    targets = [f"{METRICS_PATH}?metricType={mart.metric_type}&timeRange={mart.time_range}" for mart in marts]
    (folder / "keys").write_text("\n".join(keys), encoding="utf-8")
    (folder / "targets").write_text("\n".join(targets), encoding="utf-8")
    script = folder / "wrk.lua"
    script.write_text(_LUA.format(keys=folder / "keys", targets=folder / "targets"), encoding="utf-8")
    environment = os.environ | {
        "FACTORY_WAREHOUSE": str(warehouse),
        "FACTORY_API_KEYS_URL": url,
        "FACTORY_API_PORT": "0",
        "FACTORY_API_METRICS_PORT": "0",
        "FACTORY_API_RATE_PER_MINUTE": "1000000000",
        "FACTORY_API_RATE_BURST": "1000000000",
    }
    with _server([str(_SERVER), "--demo"], environment, folder / "endpoint") as endpoint:
        for key in keys:
            with requests.Session() as session:
                for target in targets:
                    answer = session.get(
                        endpoint + target, headers={"Authorization": f"Bearer {key}"}, timeout=10
                    )
                    answer.raise_for_status()
        bare_command = [__file__, "--bare", endpoint + targets[0], "--key", keys[0]]
        with _server(bare_command, environment, folder / "bare") as bare:
            rounds = [
                (_wrk(bare, script, arguments.seconds), _wrk(endpoint, script, arguments.seconds))
                for _ in range(arguments.rounds)
            ]
    print(f"{'':10} {'bare':>18} {'endpoint':>18} {'ratio':>7}")
    for number, what in enumerate(("requests/s", "p50 ms", "p99 ms")):
        plain, ours = (statistics.median(pair[side][number] for pair in rounds) for side in (0, 1))
        ratio = statistics.median(pair[1][number] / pair[0][number] for pair in rounds)
        print(f"{what:10} {plain:18,.2f} {ours:18,.2f} {ratio:7.2f}")


@contextmanager
def _server(command: list[str], environment: dict[str, str], log: Path) -> Iterator[str]:
    """Run a server, one process; its URL, which it prints first, is the result."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
    try:
        line = cast("str", process.stdout and process.stdout.readline())
        found = re.search(r"http://[\d.]+:\d+", line)
        if found is None:
            message = f"{command[0]} did not start: {log.read_text(encoding='utf-8')}"
            raise RuntimeError(message)
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=_READY_SECONDS)


def _wrk(url: str, script: Path, seconds: int) -> tuple[float, float, float]:
    """Return requests a second, p50 and p99 (ms); every answer must be good."""
    time.sleep(0.5)
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - ours
    if "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(output)
    speed = re.search(r"Requests/sec:\s+([\d.]+)", output)
    latency = {
        share: float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]
        for share, value, unit in re.findall(r"(50|99)%\s+([\d.]+)(us|ms|s)", output)
    }
    if speed is None:
        raise RuntimeError(output)
    return float(speed[1]), latency["50"], latency["99"]


def _serve_bare(url: str, key: str) -> None:
    """Serve the bytes of one answer of the endpoint, whatever is asked."""
    answer = requests.get(
        url, headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}, timeout=10
    )
    kept = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    headers = [(name, value) for name, value in kept if name not in {b"date", b"connection"}]
    content = answer.content

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def serve() -> None:
        server = uvicorn.Server(uvicorn_config(cast("App", app), cast("MetricsApi", None), 5))
        server.config.port = 0
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        print("http://{}:{}".format(*server.servers[0].sockets[0].getsockname()), flush=True)
        await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


if __name__ == "__main__":
    main()
