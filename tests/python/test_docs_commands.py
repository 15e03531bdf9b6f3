"""Every command of the pages runs, to the letter: in a copy of the project, as a user would go.

A command that is new on a page is run, too, or has to be named here with the reason why not.
"""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import duckdb
import pytest
from conftest import ROOT, copy_project
from dbt.cli.main import cli as dbt
from dbt_metricflow.cli.main import cli as metricflow
from events_server import KEY, Platform, serving, some_events

from factory_metrics.postgres import load_extension

# Pages in an order in which each finds what it needs; those that are not named come after them.
ORDER = ("README.md", "docs/bi.md", "docs/operations.md", "docs/your-logs.md", "docs/analysts.md")

# What cannot be run as it stands, and what tries it instead.
ELSEWHERE = {
    "make test": "it is what runs this",
    "make serve": "serves until it is stopped: test_api_operations.py",
    ".venv/bin/python scripts/refresh.py --home /srv/factory --vars '{raw_path: /data/logs}' --every 5m": (
        "stays until it is stopped: test_resident.py"
    ),
    ".venv-spark4/bin/python scripts/run_on_spark.py --export warehouse/spark.duckdb "
    "build --select +marts +delivery_counts +rejected_records --resource-type model --resource-type seed "
    "--vars '{raw_path: /data/logs}'": "tests/python/spark",
    "superset import-dashboards --path dashboard.zip --username admin": "tests/python/bi",
}

# Whose commands test_platform_logs.py runs, in their order, and looks at what they say.
OF_PLATFORM_LOG = ("/data/platform", "/data/seeds")

# DuckDB's shell, as far as pages use it.
SHELL = """
import pathlib, sys
import duckdb
option, file, *script = sys.argv[1:]
assert option == "-readonly" and script[:1] in ([], ["-f"])
with duckdb.connect(file, read_only=True) as connection:
    connection.execute(pathlib.Path(script[1]).read_text() if script else "show tables").fetchall()
"""

# Lines of `sh` blocks: a line that ends in a backslash goes on.
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def commands() -> list[tuple[str, str]]:
    """Return the commands of all pages' `sh` blocks, without comments, each with its page."""
    made = (".venv", "target")
    pages = [path for path in ROOT.rglob("*.md") if not any(part.startswith(made) for part in path.parts)]
    names = {path.relative_to(ROOT).as_posix(): path for path in pages}
    ordered = sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    found = []
    for name in ordered:
        for block in BLOCK.findall(names[name].read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                command = " ".join(re.sub(r"\s+#\s.*", "", line).split())
                if command:
                    found.append((name, command))
    return found


@dataclass
class Place:
    """A copy of the project, and what stands for the examples' folders, servers and days."""

    folder: Path
    substitutions: dict[str, str]

    def run(self, command: str, page: str) -> str:
        """Run a page's command in a shell; return what it says if it fails."""
        for example, real in self.substitutions.items():
            command = command.replace(example, real)
        environment = {name: value for name, value in os.environ.items() if "FACTORY" not in name}
        # The unit tests of formulas do not depend on the logs; test_demo_build.py runs them. All other tests,
        # half of a build, run for the first page only: the rows of all are alike.
        environment["DBT_EXCLUDE_RESOURCE_TYPES"] = "unit_test" if page == ORDER[0] else "unit_test test"
        result = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder / "project",
            env=environment | {"RENSEI_API_KEY": KEY, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        return "" if result.returncode == 0 else f"{command}\n{result.stdout[-1500:]}{result.stderr[-1500:]}"

    def land(self, *period: str) -> None:
        """Add logs."""
        logs = str(self.folder / "logs")
        command = [sys.executable, "scripts/dev/generate_logs.py", "logs", "--out", logs, "--orgs", "2"]
        subprocess.run([*command, "--events", "1000", *period], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture
def events_platform() -> Iterator[Platform]:
    """Serve the platform's API."""
    with serving(Platform(some_events(100, 20))) as platform:
        yield platform


@pytest.fixture
def place(tmp_path: Path, postgresql: str, events_platform: Platform) -> Place:
    """Copy the project, and make what the examples name: logs in files and in tables, and DuckDB's shell."""
    copy_project(tmp_path / "project")
    (tmp_path / "project" / "warehouse").mkdir()
    (tmp_path / "project" / ".venv").symlink_to(ROOT / ".venv")
    for requirements in (tmp_path / "project").glob("requirements*.txt"):
        os.utime(requirements, (0, 0))  # older than .venv, so that make installs nothing
    (tmp_path / "bin").mkdir()
    shell = tmp_path / "bin" / "duckdb"
    shell.write_text(f"#!{sys.executable}\n{SHELL}")
    shell.chmod(0o755)

    now = datetime.now(UTC).replace(microsecond=0)
    yesterday = str(now.date() - timedelta(days=1))
    place = Place(
        tmp_path,
        {
            "/srv/": f"{tmp_path}/srv/",
            "/data/logs": f"{tmp_path}/logs",
            "/data/pulled": f"{tmp_path}/pulled",
            "https://platform.example.com": events_platform.url,
            "/data/landing.duckdb": f"{tmp_path}/landing.duckdb",
            "postgresql://publisher@db.example.com/bi": postgresql,
            "postgresql://reader@db.example.com/landing": postgresql,
            # Days for which there are rows, and a key that there is.
            "2026-06-01": yesterday,
            "2026-06-30": yesterday,
            "2026-06-24": yesterday,
            "revoke 3": "revoke 1",
        },
    )
    place.land("--end", (now - timedelta(hours=2)).isoformat())
    with duckdb.connect(str(tmp_path / "landing.duckdb")) as connection:
        load_extension(connection)
        connection.execute(f"attach '{postgresql}' as server (type postgres); create schema raw")
        for log in ("factory_events", "factory_metrics"):
            for table in (f"raw.{log}", f"server.public.{log}"):
                files = tmp_path / "logs" / log / "**" / "*.parquet"
                connection.execute(f"create table {table} as from read_parquet('{files}')")
    return place


def test_every_command_of_the_pages_runs(place: Place) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    exports: dict[str, str] = {}
    failures, done = [], set()
    for page, command in commands():
        if command in ELSEWHERE or any(name in command for name in OF_PLATFORM_LOG):
            done.add(command)
            continue
        if command.startswith("export "):
            exports[page] = command + " && "
            continue
        whole = exports.get(page, "") + command
        if whole in done:
            continue
        done.add(whole)
        if "--postgres-url" in command:
            # A second version, which the one before can be gone back to from.
            place.land("--start", (now - timedelta(hours=2)).isoformat(), "--end", now.isoformat())
        if "raw_database" in command:
            # A home is of one log only.
            whole = whole.replace("/srv/factory", f"/srv/{len(done)}")
        failure = place.run(whole, page)
        failures += [f"{page}: {failure}"] if failure else []
    assert not failures, "\n\n".join(failures)
    assert {*ELSEWHERE} <= done, "a command is on no page any more"
    assert len(done) > 20


def test_the_help_of_scripts_prints_whole_commands() -> None:
    for script in (ROOT / "scripts").glob("**/[a-z]*.py"):
        text = script.read_text(encoding="utf-8").split('"""')[1]
        lines = [line.strip() for line in text.splitlines() if re.match(r"    .*scripts/\S+\.py ", line)]
        assert all(re.match(r"\.venv[\w-]*/bin/python scripts/", line) for line in lines), (
            script.name,
            lines,
        )


# What prose names: a text in backticks outside of blocks. The changelog names what is no more, too.
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
FOLDERS = ("analyses/", "docs/", "macros/", "models/", "scripts/", "seeds/", "tests/")


def options_of(commands: Mapping[str, click.Command]) -> set[str]:
    """Return the options of commands, and of those in them."""
    found: set[str] = set()
    for command in commands.values():
        found.update(option for parameter in command.params for option in parameter.opts)
        found |= options_of(getattr(command, "commands", {}))
    return found


def test_what_prose_names_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    rules = re.findall(r"^([\w./ -]+):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    targets = [target for rule in rules for target in rule.split()]
    programs: dict[str, click.Group] = {"dbt": dbt, "mf": metricflow}
    options = {f"{name} ": options_of(program.commands) for name, program in programs.items()}
    for script in (ROOT / "scripts").glob("[a-z]*.py"):
        with pytest.raises(SystemExit):
            importlib.import_module(script.stem).main(["--help"])
        options[script.name] = {*re.findall(r"(?<![\w-])--[a-z-]+", capsys.readouterr().out)}
    files = [path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    files += [path.relative_to(ROOT) for path in ROOT.glob("*")]
    wrong, count = [], 0
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        there = {option for name, of in options.items() if name in text for option in of}
        for span in INLINE.findall(FENCED.sub("", text)):
            words = span.split()
            # the command's own options, else options of any command that the page names
            named = [of for name, of in options.items() if name in f"{span} "]
            faults = [word for word in words if word.startswith("--") and word not in (named or [there])[0]]
            if words[0] == "make":
                faults += [word for word in words[1:] if word not in targets]
            if words[0] in programs:
                command: click.Command | None = programs[words[0]]
                for word in words[1:]:
                    if not isinstance(command, click.Group):
                        break
                    command = command.commands.get(word)
                faults += [span] if command is None else []
            for word in words:
                if word.startswith(FOLDERS) or re.fullmatch(r"[\w/*]+\.(?:py|sql|ya?ml)", word):
                    count += 1
                    pattern = re.sub(r"<\w+>", "*", word).removesuffix("/")
                    faults += [] if any(file.match(pattern) for file in files) else [word]
            count += words[0] in {"make", *programs} or words[0].startswith("--")
            wrong += [f"{page.relative_to(ROOT)}: {span}: there is no {fault}" for fault in faults]
    assert not wrong, "\n".join(wrong)
    assert count > 100
