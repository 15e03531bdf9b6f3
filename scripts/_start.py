"""End a command in a line when a signal comes while it imports what it needs: imported before that."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType


def _end(number: int, _frame: FrameType | None) -> None:
    """Say what ended the command, as `run_command` does later."""
    line = f"{Path(sys.argv[0]).stem}: interrupted by {signal.Signals(number).name}\n"
    os.write(sys.stderr.fileno(), line.encode())
    os._exit(128 + number)  # an exception could be caught by what is being imported


# Not where tests, or processes beside a server, import a command.
if Path(getattr(sys.modules["__main__"], "__file__", None) or "").resolve().parent == Path(__file__).parent:
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, _end)
