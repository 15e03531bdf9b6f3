"""The documented programs run against `make serve`, with nothing changed but the host and the key."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, without

PROGRAMS = Path(__file__).with_name("programs")


@dataclass(frozen=True)
class Served:
    """What `make serve` printed, and where."""

    curl: str
    url: str
    key: str
    documents: Path

    def document(self, name: str) -> bytes:
        """Return a document as `make demo` wrote it."""
        return (self.documents / "acme-robotics" / f"{name}.json").read_bytes()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Run `make serve` where nothing was built yet."""
    folder = tmp_path_factory.mktemp("served")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FACTORY_", "MAKE"))}
    settings = {
        "FACTORY_API_PORT": "0",
        "FACTORY_API_METRICS_PORT": "0",
        "FACTORY_API_KEYS_URL": f"sqlite:///{folder / 'keys.sqlite'}",
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    places = [f"DEMO_WAREHOUSE={folder / 'factory.duckdb'}", f"DEMO_DOCUMENTS={folder / 'documents'}"]
    with (folder / "log").open("wb") as log:
        make = subprocess.Popen(
            ["make", "serve", *places],
            cwd=ROOT,
            env=clean | settings,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        assert make.stdout
        line = next((line for line in make.stdout if line.startswith("curl ")), "")
        found = re.search(r"Bearer (rsk_live_[0-9a-f]{64})' '(http://127\.0\.0\.1:\d+)/", line)
        assert found, (folder / "log").read_text("utf-8")
        yield Served(line, found[2], found[1], folder / "documents")
        os.killpg(make.pid, signal.SIGINT)  # as Ctrl-C does
        make.wait(timeout=15)
        assert "stopped" in (folder / "log").read_text("utf-8")
    finally:
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGKILL)
            make.wait()


def program(name: str, served: Served) -> str:
    """Return a documented program with another host and key."""
    text = (PROGRAMS / name).read_text("utf-8")
    changed = text.replace("https://app.rensei.ai", served.url).replace("rsk_live_...", served.key)
    assert changed.count(served.url) == text.count("https://app.rensei.ai") > 0
    return changed


def output(*command: str | Path) -> str:
    """Run a program, which must succeed, and return what it prints."""
    missing = next((str(part) for part in command[:1] if shutil.which(part) is None), None)
    if missing:
        without(missing)
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_curl_line(served: Served) -> None:
    assert output("bash", "-c", f"{served.curl.strip()} --silent").encode() == served.document(
        "aggregate/30d"
    )


def test_dashboard(served: Served, tmp_path: Path) -> None:
    (tmp_path / "dashboard.ts").write_text(
        program("dashboard.ts", served)
        + f"fetchDashboard('{served.key}', '90d').then(found => console.log(JSON.stringify(found)))\n"
    )
    # Types are TypeScript's; esbuild (Debian: esbuild) takes them out.
    script = output("esbuild", tmp_path / "dashboard.ts")
    (tmp_path / "dashboard.js").write_text(script)
    found = json.loads(output("node", tmp_path / "dashboard.js"))
    for name, metric_type in (("aggregate", "aggregate"), ("stations", "station"), ("costs", "cost")):
        assert found[name] == json.loads(served.document(f"{metric_type}/90d"))["metrics"]


@pytest.mark.parametrize(("threshold", "alerts"), [("70", True), ("60", False)])
def test_alert(served: Served, tmp_path: Path, threshold: str, alerts: bool) -> None:  # noqa: FBT001
    for needed in ("jq", "bc"):
        if shutil.which(needed) is None:
            without(needed)
    measured = json.loads(served.document("aggregate/7d"))["metrics"]["avgYield"]
    assert 60 < measured < 70
    script = tmp_path / "alert.sh"
    text = program("alert.sh", served)
    script.write_text(text.replace("YIELD_THRESHOLD=70", f"YIELD_THRESHOLD={threshold}"))
    expected = f"⚠️ Alert: Yield is {measured}% (threshold: {threshold}%)\n" if alerts else ""
    assert output("bash", script) == expected


def test_forecast(served: Served, tmp_path: Path) -> None:
    script = tmp_path / "forecast.py"
    script.write_text(program("forecast.py", served))
    trend = json.loads(served.document("cost/90d"))["metrics"]["costTrend"]
    assert len(trend) == 90
    monthly = sum(day["cost"] for day in trend) / 90 * 30
    assert output(sys.executable, script) == f"Forecasted monthly cost: ${monthly:.2f}\n"
