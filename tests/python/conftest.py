"""Build warehouses of their own for the tests: dbt and the serializer, run as a user runs them."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import duckdb
import forked
import pytest
from example_warehouse import make_warehouse
from landed_logs import Builder, Log, file_builder, logs_in_files

ROOT = Path(__file__).parents[2]
# The command `dbt` in a process of its own, which does not look for garbage: a tenth of its time.
DBT = (sys.executable, "-c", "import gc; gc.disable(); from dbt.cli.main import cli; cli(prog_name='dbt')")
VIEWS = BI, SEMANTIC, DRILL_DOWN, ALL_ROWS = (
    "path:models/bi",
    "path:models/semantic",
    "path:models/drill_down",
    "tag:all_rows",
)
DEMO_AS_OF = "2026-06-30T12:00:00Z"
PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


# The longest files come first, so that no core waits for another at the end.
LONGEST = ("test_docs_commands.py", "test_incremental.py", "test_refresh.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests; other files' stay as they are."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def without(program: str) -> NoReturn:
    """Skip a test that needs a program which is not there; in continuous integration that is a failure."""
    message = f"{program} is not installed"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


# What git ignores at the top of a checkout.
_MADE = {"target", "logs", "warehouse", "documents", "published", "report.html", "node_modules"}


def copy_project(folder: Path) -> None:
    """Copy the project as a clone would have it, without what was made there."""

    def made(place: str, names: list[str]) -> set[str]:
        hidden = {name for name in names if name.startswith((".git", ".venv")) or name.endswith("_cache")}
        return hidden | (_MADE & {*names} if Path(place) == ROOT else set())

    shutil.copytree(ROOT, folder, ignore=made)


@dataclass(frozen=True)
class Warehouse:
    """A warehouse file in a folder of its own, with dbt's artifacts and the documents beside it."""

    folder: Path

    @property
    def file(self) -> Path:
        """The DuckDB file."""
        return self.folder / "factory.duckdb"

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, on this warehouse; the exit code and the output are the result."""
        return subprocess.run(
            command,
            cwd=ROOT,
            env=self._environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=600,
        )

    def _environment(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return os.environ | {"FACTORY_WAREHOUSE": str(self.file)}

    def dbt(self, command: str, variables: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a dbt command with its variables, a YAML text."""
        artifacts = ("--target-path", self.folder / "target", "--log-path", self.folder / "logs")
        arguments = (command, "--no-use-colors", *artifacts, "--vars", variables, *options)
        return forked.run_dbt([str(argument) for argument in arguments], self._environment())

    def build(self, variables: str, *options: str, without: Sequence[str] = VIEWS) -> None:
        """Run `dbt build`, which must succeed; the unit tests of formulas do not depend on the logs.

        Views take as long as all else, and nothing depends on them.
        """
        views = ("--exclude", *without)
        result = self.dbt("build", variables, "--exclude-resource-type", "unit_test", *views, *options)
        assert result.returncode == 0, f"dbt build failed with {variables}:\n{result.stdout}{result.stderr}"

    def serialize(self, name: str = "documents") -> Path:
        """Write the documents and return their folder."""
        documents = self.folder / name
        result = self.run(sys.executable, "scripts/serialize_marts.py", "--out", documents)
        assert result.returncode == 0, f"the serializer failed:\n{result.stdout}{result.stderr}"
        return documents

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query finds in the warehouse."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.execute(query).fetchall()


def put_into_one_schema(file: Path) -> None:
    """Make a warehouse look like one of an earlier release, which had everything in `main`."""
    with duckdb.connect(str(file)) as connection:
        views = (
            "select schema_name, view_name from duckdb_views() where not internal and schema_name != 'main'"
        )
        for schema, name in connection.execute(views).fetchall():
            connection.execute(f"drop view {schema}.{name}; create view {name} as select 'of old' as text")
        tables = (
            "select schema_name, table_name from duckdb_tables() where schema_name not in ('main', 'raw')"
        )
        for schema, name in connection.execute(tables).fetchall():
            connection.execute(f"create table {name} as from {schema}.{name}; drop table {schema}.{name}")
        for schema in ("staging", "intermediate", "semantic", "internal"):
            connection.execute(f"drop schema if exists {schema}")


def people_see(file: Path) -> set[str]:
    """Return how the names begin of what a user finds in a warehouse without asking for schemas."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return {name.split("_")[0] for (name,) in connection.execute("show tables").fetchall()}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Build the demo factory's warehouse, with BI tools' views, which tests only read.

    Without an as-of, as every plain `dbt build` of the demo: it is then DEMO_AS_OF.
    """
    warehouse = Warehouse(tmp_path_factory.mktemp("demo"))
    warehouse.build(
        "{}",
        *("--exclude-resource-type", "test"),
        without=(SEMANTIC, DRILL_DOWN, ALL_ROWS),
    )
    return warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a warehouse of documented examples, which tests only read."""
    return make_warehouse(tmp_path_factory.mktemp("warehouse") / "factory.duckdb")


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Start a process that builds from files."""
    with file_builder(tmp_path_factory.mktemp("files")) as started:
        yield started


@pytest.fixture
def files(tmp_path: Path, builder: Builder) -> Log:
    """Return logs without files, and a warehouse that is not there yet."""
    return logs_in_files(builder, tmp_path / "factory.duckdb")


@pytest.fixture(scope="session")
def seed() -> int:
    """Return the seed of the random factories; set FACTORY_TEST_SEED to try others."""
    return int(os.environ.get("FACTORY_TEST_SEED", "20260602"))


@pytest.fixture(scope="session")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Two workers for the subprocesses, which are most of the tests' time."""
    with ThreadPoolExecutor(max_workers=2) as executor:
        yield executor


def run_as_server(*command: str | Path) -> None:
    """Run a program of the server's; it refuses root, for whom its package made a user."""
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*user, *map(str, command)], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL server of its own; its URL is the result."""
    if PROGRAMS is None:
        without("PostgreSQL (Debian: postgresql)")
    # A socket's path must be short, and the server's user must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="factory-server-", dir="/tmp"))
    folder.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    try:
        run_as_server(PROGRAMS / "initdb", "-D", data, "-A", "trust", "-U", "reader")
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run_as_server(PROGRAMS / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql://reader@127.0.0.1:{port}/postgres"
        finally:
            run_as_server(PROGRAMS / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder)
