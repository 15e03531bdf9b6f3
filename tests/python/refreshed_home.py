"""A home, the logs that it is refreshed from, and the scheduler's command on them."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import forked
from conftest import ROOT

from factory_metrics.runs.publishing import Home

FIRST_AS_OF, SECOND_AS_OF = "2026-06-29T12:00:00Z", "2026-06-30T12:00:00Z"
PUBLISHED, BAD_DATA, BROKEN_SETUP, NOTHING_NEW, BUSY = range(5)


@dataclass
class RefreshedHome:
    """A home, and the logs that it is refreshed from; `views`: runs make the views, too."""

    home: Home
    logs: Path
    views: bool = True

    def land(self, *period: str, events: int) -> None:
        """Add logs of three orgs."""
        command = [sys.executable, "scripts/dev/generate_logs.py", "logs", "--out", str(self.logs)]
        subprocess.run(
            [*command, "--orgs", "3", "--events", str(events), *period],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )

    def refresh(self, *options: str, as_of: str = SECOND_AS_OF) -> subprocess.CompletedProcess[str]:
        """Run the command, with logs in JSON."""
        arguments = ["--home", str(self.home.folder), "--as-of", as_of]
        arguments += ["--vars", json.dumps({"raw_path": str(self.logs)}), "--log-format", "json", *options]
        return forked.run_refresh(arguments, views=self.views)

    def copy(self, folder: Path) -> "RefreshedHome":
        """Return a copy of the home, on the same logs, whose runs leave views as they are."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.home.folder, folder, symlinks=True)
        return RefreshedHome(Home(folder), self.logs, views=False)

    def documents(self) -> dict[str, bytes]:
        """Return the documents of the home."""
        return contents(self.home.documents)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the documents in a folder by their path in it, without the manifest, which has the as-of."""
    # an org may be called *.json
    paths = (path for path in folder.rglob("*.json") if path.name != "manifest.json" and path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def end(result: subprocess.CompletedProcess[str]) -> dict[str, object]:
    """Return the last line of the log."""
    line = json.loads(result.stderr.splitlines()[-1])
    assert isinstance(line, dict)
    return line
