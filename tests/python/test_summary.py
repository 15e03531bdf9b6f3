"""The executive summary on screen."""

from pathlib import Path

import pytest

import show_summary
from factory_metrics.report.formats import length_text


def test_summary(warehouse: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--warehouse", str(warehouse), "--documents", str(tmp_path), "--limit", "3"]
    assert show_summary.main(arguments) == 0
    shown = capsys.readouterr().out
    for text in (
        "acme",
        "$256.82",
        "14h",
        "92.1%",
        "1.57",
        "not shown: 1 ",
        str(warehouse),
        str(tmp_path),
    ):
        assert text in shown
    assert show_summary.main(["--warehouse", str(tmp_path / "none")]) == 2


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (59_000, "59s"),
        (60_000, "1m"),
        (16_200_000, "4.5h"),
        (198_720_000, "2.3d"),
        (14_400_000, "4h"),
    ],
)
def test_length_text(milliseconds: int, text: str) -> None:
    assert length_text(milliseconds) == text


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([0, 0], "▁▁"), ([0, 1, 2], "▁▅█"), ([1] * 90, "█" * 8), ([0.1] * 7, "█" * 7)],
)
def test_sparkline(values: list[float], line: str) -> None:
    assert show_summary.sparkline(values) == line
