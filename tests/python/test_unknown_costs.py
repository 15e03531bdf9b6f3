"""The page says of how many runs the cost is unknown, though its documents do not have the number."""

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest
import requests
from api_client import serving
from conftest import Warehouse

import serialize_marts
import write_report

ORG = "acme-robotics"
OTHER = "pixel-harbor"


@pytest.fixture(scope="module")
def warehouse(demo: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's marts with some runs of unknown cost."""
    file = tmp_path_factory.mktemp("unknown") / "factory.duckdb"
    shutil.copyfile(demo.file, file)
    with duckdb.connect(str(file)) as connection:
        for time_range, runs in (("7d", 0), ("30d", 1), ("90d", 1234)):
            connection.execute(
                f"update aggregate_{time_range} set unknown_cost_runs = {runs} where org_id = '{ORG}'"
            )
    return file


def said(page: bytes) -> list[str]:
    return re.findall(r"The cost of [\d,]+ runs? is unknown", page.decode())


def test_the_page_says_of_how_many_runs_the_cost_is_unknown(
    warehouse: Path, demo: Warehouse, tmp_path: Path
) -> None:
    documents = tmp_path / "documents"
    assert serialize_marts.main(["--warehouse", str(warehouse), "--out", str(documents)]) == 0
    manifest = json.loads((documents / "manifest.json").read_bytes())
    assert manifest.pop("unknownCostRuns") == {f"{ORG}/30d": 1, f"{ORG}/90d": 1234}
    # The documents themselves are as documented.
    assert manifest == json.loads((demo.serialize() / "manifest.json").read_bytes())
    pages = {}
    for org in (ORG, OTHER):
        out = tmp_path / f"{org}.html"
        assert write_report.main(["--org", org, "--documents", str(documents), "--out", str(out)]) == 0
        pages[org] = out.read_bytes()
    assert said(pages[ORG]) == ["The cost of 1 run is unknown", "The cost of 1,234 runs is unknown"]
    assert said(pages[OTHER]) == []
    with serving(tmp_path / "api", warehouse) as api:
        for org, page in pages.items():
            assert requests.get(f"{api.url}/", auth=("me", api.key(org)), timeout=30).content == page


def test_marts_of_an_earlier_release_have_a_page(warehouse: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier.duckdb"
    shutil.copyfile(warehouse, earlier)
    with duckdb.connect(str(earlier)) as connection:
        for days in (7, 30, 90):
            connection.execute(f"alter table aggregate_{days}d drop column unknown_cost_runs")
    documents = tmp_path / "documents"
    only = ["--org", ORG]
    assert serialize_marts.main(["--warehouse", str(earlier), "--out", str(documents), *only]) == 0
    assert "unknownCostRuns" not in json.loads((documents / "manifest.json").read_bytes())
    with serving(tmp_path / "api", earlier) as api:
        answer = requests.get(f"{api.url}/", auth=("me", api.key(ORG)), timeout=30)
    assert (answer.status_code, said(answer.content)) == (200, [])
