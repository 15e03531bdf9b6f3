"""Offer to a session of Spark what macros ask that SQL alone cannot tell, see logs/log_functions.py."""

from functools import cache

from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from factory_metrics.logs import log_functions
from factory_metrics.logs.landing import WorkingCopies
from factory_metrics.logs.log_functions import LogFunctions


@cache
def _log_functions(scratch: str) -> LogFunctions:
    """Return the functions of this process; it comes and goes, while the copies that it makes stay."""
    # Spark takes what ends in .gz for compressed.
    return LogFunctions(WorkingCopies(scratch, stay=True, suffix=".lines"))


def register_functions(session: SparkSession, scratch: str) -> None:
    """Register the functions; `scratch` is a folder that all nodes see, where copies live as long as it."""
    version = session.version

    def list_log_files(folder: str, may_be_absent: bool) -> str:  # noqa: FBT001 - SQL calls it
        return _log_functions(scratch).list_log_files(folder, may_be_absent)

    def describe_log_files(log: str, paths: str) -> str:
        return _log_functions(scratch).describe_log_files(log, paths)

    def count_log_rows(paths: str) -> str:
        return _log_functions(scratch).count_log_rows(paths)

    def macros_version() -> str:
        return log_functions.macros_version("spark", version)

    for function in (
        list_log_files,
        describe_log_files,
        count_log_rows,
        macros_version,
        log_functions.own_seed_lines,
        log_functions.logs_place,
    ):
        session.udf.register(function.__name__, udf(function).asNondeterministic())
    session.udf.register("rows_of_line", log_functions.rows_of_line_as_text)
