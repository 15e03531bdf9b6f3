"""The models on Spark: from the same logs, the documents are byte for byte as on DuckDB."""

import json
import random
import re
import shlex
from pathlib import Path

from conftest import ROOT, Warehouse
from hostile.files import write_logs
from refreshed_home import contents
from test_documents import random_factories
from test_engine_on_spark import run_dbt

AS_OF = "2026-06-30T17:45:12.345678Z"


def command_of_the_page() -> list[str]:
    """Return the words of the command that the page shows."""
    [block] = re.findall(
        r"^```sh\n(.*?)^```$", (ROOT / "docs" / "spark.md").read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return shlex.split(block.replace("\\\n", " "))


def test_documents_of_hostile_logs_are_those_of_duckdb(tmp_path: Path, seed: int) -> None:
    logs = tmp_path / "logs"
    factories = random_factories(logs, seed, AS_OF, "both")
    write_logs(logs / "raw", factories.events, factories.runs, random.Random(seed))
    variables = json.dumps(factories.variables | {"raw_path": str(logs / "raw")})
    duckdb, spark = Warehouse(tmp_path / "duckdb"), Warehouse(tmp_path / "spark")
    python, script, *words = command_of_the_page()
    assert (python, script) == (".venv-spark4/bin/python", "scripts/run_on_spark.py")
    words[words.index("--export") + 1] = str(spark.file)
    words[words.index("--vars") + 1] = variables
    selected = words[words.index("--select") : words.index("--vars")]
    done = duckdb.dbt("build", variables, *selected)
    assert done.returncode == 0, done.stdout
    spark.folder.mkdir()
    done = run_dbt(
        "spark4",
        *words,
        *("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "target")),
        FACTORY_SPARK_WAREHOUSE=str(tmp_path / "tables"),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    expected, found = contents(duckdb.serialize()), contents(spark.serialize())
    assert len(expected) > 2000
    assert [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)] == []
    counts = "select log, outcome, rule, row_count from delivery_counts order by all"
    assert spark.rows(counts) == duckdb.rows(counts)
    # all but `record`, which of a row of Parquet is Spark's own text
    rejected = "select log, rule, record_id, org_id, ingested_at, origin from rejected_records order by all"
    assert spark.rows(rejected) == duckdb.rows(rejected)
    assert len(spark.rows(rejected)) > 100
