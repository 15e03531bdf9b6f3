"""Start a Spark session that computes as the models expect, and keep dbt from changing it."""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pyspark
from dbt.adapters.spark.connections import SparkCredentials
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from factory_metrics.project import ROOT, UserError

# What results depend on. All else is left to the cluster, and to Spark's own settings.
SETTINGS = {
    # Overflow fails: without it, it is a null that nobody sees.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    # Logs of other writers have nanoseconds, which Spark has no type for.
    "spark.sql.legacy.parquet.nanosAsLong": "true",
    # A quotient that does not fit its decimals fails, instead of losing some.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}


def local_settings(warehouse: Path) -> dict[str, str]:
    """Return the settings of a session on this machine, with its tables and their catalog in a folder."""
    return {
        "spark.ui.enabled": "false",
        # Hundreds of tasks, the default, take longer to start than to do.
        "spark.sql.shuffle.partitions": "16",
        "spark.log.level": "ERROR",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.warehouse.dir": str(warehouse / "tables"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:{warehouse / 'catalog'};create=true",
        "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={warehouse / 'derby.log'}",
    }


_VERSIONS = ((3, 5), (4, 4))  # the first that works, and the first that has not been tried
_JAVA = (17, 22)


def start_session(environment: Mapping[str, str] = os.environ) -> SparkSession:
    """Start or join a session at FACTORY_SPARK_MASTER, `local[*]` by default.

    Raises:
        UserError: there is no Java that Spark runs on, its version is not tried, or no master answers.

    """
    master = environment.get("FACTORY_SPARK_MASTER") or "local[*]"
    _check_java(environment)
    _check_master(master)
    builder = SparkSession.builder.appName("factory_metrics").master(master)
    # One for each major version: an older one's Derby does not open the catalog of a newer one.
    own = ROOT / "warehouse" / f"spark{pyspark.__version__.split('.')[0]}"
    warehouse = Path(environment.get("FACTORY_SPARK_WAREHOUSE") or own).resolve()
    warehouse.mkdir(parents=True, exist_ok=True)
    # Executors run functions by this Python, and read our modules where they are.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT / "scripts"), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    for name, value in (SETTINGS | (local_settings(warehouse) if master.startswith("local") else {})).items():
        builder = builder.config(name, value)
    # It writes the stack of each failed statement, which dbt reports.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    try:
        session = builder.enableHiveSupport().getOrCreate()
    except (PySparkException, OSError) as error:
        message = f"no session of Spark at FACTORY_SPARK_MASTER={master}: {_first_line(error)}"
        raise UserError(message) from error
    _check_version(session.version)
    return session


def leave_the_session_as_it_is() -> None:
    """Keep dbt-spark's own settings out of the session: it turns ANSI mode off, over the profile."""
    settle = SparkCredentials.__post_init__

    def settle_without_settings(credentials: SparkCredentials) -> None:
        settle(credentials)
        credentials.server_side_parameters.pop("spark.sql.ansi.enabled", None)

    SparkCredentials.__post_init__ = settle_without_settings


def _check_java(environment: Mapping[str, str]) -> None:
    home = environment.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else shutil.which("java")
    remedy = "install Java 17 (Debian: openjdk-17-jre-headless), or name it by JAVA_HOME"
    if not java or not os.access(java, os.X_OK):
        message = f"Spark needs Java, and there is none{f' at {java}' if java else ''}: {remedy}"
        raise UserError(message)
    said = subprocess.run(  # noqa: S603 - the user's own Java
        [java, "-version"], capture_output=True, text=True, check=False
    ).stderr
    found = re.search(r'version "(\d+)', said)
    if not found or not _JAVA[0] <= int(found[1]) < _JAVA[1]:
        version = said.splitlines()[0] if said else "it does not say its version"
        message = f"Spark runs on Java 17 to 21, and {java} is another ({version}): {remedy}"
        raise UserError(message)


def _check_master(master: str) -> None:
    """Look for a master that answers: Spark itself looks for minutes, and says little."""
    if not master.startswith("spark://"):
        return
    problem = ""
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
        except (OSError, ValueError) as error:
            problem = problem or f"{address}: {error}"
        else:
            return
    message = f"no Spark master answers ({problem}): is FACTORY_SPARK_MASTER={master} right, and does it run?"
    raise UserError(message)


def _check_version(version: str) -> None:
    numbers = tuple(int(number) for number in version.split(".")[:2])
    if not _VERSIONS[0] <= numbers < _VERSIONS[1]:
        message = f"this is Spark {version}, and 3.5 to 4.3 work: use .venv-spark4 or .venv-spark35"
        raise UserError(message)


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
