"""Parses the project once, in the process that others are forked from: half of a parse is dbt's own work.

The schemas and templates that it makes meanwhile stay known; nothing is opened, and no thread is left.
"""

import gc
import os
import tempfile
from pathlib import Path

from dbt.cli.main import dbtRunner

from factory_metrics.runs.dbt_runs import compile_macros

ROOT = str(Path(__file__).parents[2])

gc.disable()  # what lives as long as the process is not worth looking through
with tempfile.TemporaryDirectory() as folder:
    places = ["--project-dir", ROOT, "--profiles-dir", ROOT, "--target", "duckdb"]
    places += ["--target-path", folder, "--log-path", folder]
    before = dict(os.environ)
    compile_macros(dbtRunner().invoke(["--log-level", "none", "parse", *places]).result)
    os.environ.clear()
    os.environ.update(before)
gc.collect()
gc.freeze()
gc.enable()
