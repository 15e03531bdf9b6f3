"""Run dbt on Apache Spark: the session is started, or joined, and dbt runs in it.

    .venv-spark4/bin/python scripts/run_on_spark.py debug

takes what `dbt` takes. The models do not run on Spark yet, see docs/decisions/spark.md: so far it is for tests
of macros. FACTORY_SPARK_MASTER names the cluster: `local[*]` by default, or `spark://...`.
FACTORY_SPARK_SCHEMA names the schema, `factory` by default; FACTORY_SPARK_WAREHOUSE names the folder of a
local session's tables.
"""
# It is not called dbt_..., as dbt takes all modules of such names for plugins, and imports them.

import _start  # noqa: F401

# isort: split
import sys
from collections.abc import Sequence

from dbt.cli.main import dbtRunner

from factory_metrics.project import UserError
from factory_metrics.spark.session import leave_the_session_as_it_is, start_session


def main(argv: Sequence[str] | None = None) -> int:
    """Run dbt with these arguments; return its exit code: 0, 1 for a failure, 2 for an error."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        session = start_session()
    except UserError as error:
        print(f"run_on_spark: {error}", file=sys.stderr)
        return 2
    leave_the_session_as_it_is()
    try:
        answer = dbtRunner().invoke([*arguments, "--target", "spark"])
    finally:
        session.stop()
    return 0 if answer.success else 2 if answer.exception else 1


if __name__ == "__main__":
    sys.exit(main())
