"""dbt's own tests: of keys, promises and formulas, on the demo factory."""

from pathlib import Path

from conftest import Warehouse


def test_the_demo_builds_with_all_its_tests(tmp_path: Path) -> None:
    result = Warehouse(tmp_path).dbt("build", "{}", "--full-refresh", "--quiet")
    assert result.returncode == 0, result.stdout + result.stderr
    rejected = "select count(*) > 0 from rejected_records"
    assert Warehouse(tmp_path).rows(rejected) == [(True,)], "the demo is there"
