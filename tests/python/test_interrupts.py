"""Ctrl-C and SIGTERM end every command in a line, from its first import on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

SEND = "import os, signal; os.kill(os.getpid(), signal.{})"
COMMANDS = sorted((ROOT / "scripts").glob("[a-z]*.py"))


@pytest.mark.parametrize("when", ["while it imports", "when it is at work"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.stem)
def test_an_interrupted_command_says_so_in_a_line(command: Path, when: str, tmp_path: Path) -> None:
    number = signal.SIGINT if when == "while it imports" else signal.SIGTERM
    send = SEND.format(number.name)
    if number == signal.SIGINT:
        for module in ("duckdb", "msgspec", "rich", "yaml"):  # each command needs one of them
            (tmp_path / f"{module}.py").write_text(f"{send}\nimport time; time.sleep(60)")
    else:
        patch = f"def parse(*_, **__):\n    {send}\n    import time; time.sleep(60)"
        patch += "\nimport argparse; argparse.ArgumentParser.parse_args = parse"
        (tmp_path / "sitecustomize.py").write_text(patch)
    result = subprocess.run(
        [sys.executable, command],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (result.returncode, result.stderr) == (
        128 + number,
        f"{command.stem}: interrupted by {number.name}\n",
    )
