"""Write what names every mart: the marts, which are one line each, their YAML, the exposures, and a test.

    .venv/bin/python scripts/dev/write_ranges.py

The ranges are `time_ranges` in dbt_project.yml. One that is no longer there loses its files.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import _path  # noqa: F401
from factory_metrics.documents.contract import METRIC_TYPES
from factory_metrics.documents.marts import Mart
from factory_metrics.project import ROOT, time_ranges

_MARTS = Path("models/marts")
_EXPOSURES = Path("models/exposures.yml")
_TEST = Path("tests/dbt/promises/windows_have_their_days.sql")


def files(project: Path, ranges: Sequence[str]) -> dict[Path, str | None]:
    """Return what each file should hold, by its path in the project; None for one that should go."""
    written: dict[Path, str | None] = {_EXPOSURES: _exposures(project, ranges), _TEST: _test(project)}
    for metric_type in METRIC_TYPES:
        folder = _MARTS / metric_type
        for old in (project / folder).glob(f"{metric_type}_*d.sql"):
            written[folder / old.name] = None
        for name in ranges:
            call = f"{{{{ {metric_type}_metrics(days={name.removesuffix('d')}) }}}}\n"
            written[folder / f"{metric_type}_{name}.sql"] = call
        yaml = folder / f"_{metric_type}.yml"
        written[yaml] = _declared((project / yaml).read_text("utf-8"), metric_type, ranges)
    return written


def _declared(text: str, metric_type: str, ranges: Sequence[str]) -> str:
    """Return a mart's YAML with a model per range: the first in full, the others as its aliases."""
    text = re.sub(rf"(?m)^  - name: {metric_type}_\d+d$", f"  - name: {metric_type}_{ranges[0]}", text)
    text = re.sub(rf"(?m)^  - {{name: {metric_type}_\d+d, .*\n", "", text).rstrip("\n") + "\n"
    tests = ", data_tests: *key" if "data_tests: &key" in text else ""
    for name in ranges[1:]:
        text += f"  - {{name: {metric_type}_{name}, description: *description{tests}, columns: *columns}}\n"
    return text


def _exposures(project: Path, ranges: Sequence[str]) -> str:
    """Return the exposures, the first of which names all marts."""
    refs = "".join(f"      - ref('{kind}_{name}')\n" for kind in METRIC_TYPES for name in ranges)
    text = (project / _EXPOSURES).read_text("utf-8")
    return re.sub(r"(?<=depends_on: &all_marts\n)(      - ref\('\w+'\)\n)+", refs, text)


def _test(project: Path) -> str:
    """Return the test of all marts, which has two lists of their types."""
    text = (project / _TEST).read_text("utf-8")
    for name, are_lists in (("object_types", False), ("list_types", True)):
        types = [kind for kind in METRIC_TYPES if Mart(kind, "").is_list == are_lists]
        text = re.sub(rf"(?<=set {name} = )\[.*\]", str(types), text)
    return text


def main() -> None:
    """Write the files that differ, and name them."""
    for path, text in files(ROOT, time_ranges()).items():
        file = ROOT / path
        if text is None:
            file.unlink()
        elif not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")
        else:
            continue
        print(path)


if __name__ == "__main__":
    main()
