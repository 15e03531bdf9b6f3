"""Run dbt on Apache Spark: the session is started, or joined, and dbt runs in it.

    .venv-spark4/bin/python scripts/run_on_spark.py build --select +marts --vars '{raw_path: /data/logs}'

takes what `dbt` takes, the command first. With --export FILE before it, what people query is
then copied into a new DuckDB file. FACTORY_SPARK_MASTER names the cluster: `local[*]` by default, or `spark://...`.
FACTORY_SPARK_SCHEMA names the schema, `factory` by default; FACTORY_SPARK_WAREHOUSE names the folder of a
local session's tables. docs/spark.md says what runs there so far.
"""
# It is not called dbt_..., as dbt takes all modules of such names for plugins, and imports them.

import _start  # noqa: F401

# isort: split
import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from factory_metrics.project import UserError
from factory_metrics.runs.interrupts import run_command
from factory_metrics.variables import read_variables


def main(argv: Sequence[str] | None = None) -> int:
    """Run dbt with these arguments; return its exit code: 0, 1 for a failure, 2 for an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--export", type=Path, metavar="FILE", help="a new DuckDB file for what was built")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="what `dbt` takes")
    options = parser.parse_args(argv)
    try:
        return run_dbt(options.arguments, options.export)
    except UserError as error:
        print(f"run_on_spark: {error}", file=sys.stderr)
        return 2


def run_dbt(arguments: Sequence[str], export: Path | None) -> int:
    """Run dbt in a session of Spark, and export what it made; return its exit code.

    Raises:
        UserError: this environment has no Spark, a variable is wrong, no session starts, or the export is not
            possible.

    """
    try:
        # The other commands' environment, where this one's help is tested, has no Spark.
        from dbt.cli.main import dbtRunner  # noqa: PLC0415

        from factory_metrics.spark.export import export_tables  # noqa: PLC0415
        from factory_metrics.spark.functions import register_functions  # noqa: PLC0415
        from factory_metrics.spark.session import (  # noqa: PLC0415
            leave_the_session_as_it_is,
            start_session,
        )
    except ModuleNotFoundError as error:
        message = (
            f"{sys.executable} has no {error.name}: "
            "run this by .venv-spark4/bin/python, which `make .venv-spark4/installed` makes"
        )
        raise UserError(message) from error
    read_variables(_variables(arguments))
    if export and export.exists():
        message = f"{export} is there already: name another file, or remove it"
        raise UserError(message)
    session = start_session()
    leave_the_session_as_it_is()
    try:
        with TemporaryDirectory(prefix="factory-spark-") as scratch:
            register_functions(session, scratch)
            answer = dbtRunner().invoke([*arguments, "--target", "spark"])
            if answer.success and export:
                schema = os.environ.get("FACTORY_SPARK_SCHEMA") or "factory"
                count = export_tables(session, schema, export, Path(scratch))
                print(f"{count} tables are in {export}")
    finally:
        session.stop()
    return 0 if answer.success else 2 if answer.exception else 1


def _variables(arguments: Sequence[str]) -> str:
    """Return the text of dbt's option --vars."""
    for place, argument in enumerate(arguments):
        if argument == "--vars":
            return arguments[place + 1] if place + 1 < len(arguments) else ""
        if argument.startswith("--vars="):
            return argument.removeprefix("--vars=")
    return ""


if __name__ == "__main__":
    sys.exit(run_command("run_on_spark", main))
