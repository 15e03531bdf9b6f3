"""End commands in one line when they are interrupted, by Ctrl-C or SIGTERM."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A signal came, which has this number. What catches Ctrl-C, such as dbt, takes it for that."""

    def __init__(self, number: int) -> None:
        """Note the signal."""
        super().__init__()
        self.number = number

    @property
    def exit_code(self) -> int:
        """What a shell says of a process that the signal ended."""
        return 128 + self.number


class Signals:
    """The signal that came first, if one did."""

    def __init__(self) -> None:
        """Start without one."""
        self.received: int | None = None
        self._is_held = False

    def hold(self) -> None:
        """Let no signal disturb what is left to do, which is short."""
        self._is_held = True

    def raise_once(self, number: int, _frame: FrameType | None) -> None:
        """Note the signal, and raise it where the process is; others that follow do not disturb the end."""
        if self.received is None and not self._is_held:
            self.received = number
            raise Interrupted(number)

    @property
    def message(self) -> str:
        """What to tell the user."""
        return f"interrupted by {signal.Signals(self.received or signal.SIGINT).name}"

    @property
    def exit_code(self) -> int:
        """What a shell says of a process that a signal ended."""
        return 128 + (self.received or signal.SIGINT)


@contextmanager
def raised_signals() -> Iterator[Signals]:
    """Raise Ctrl-C and SIGTERM as `Interrupted`, once; DuckDB and dbt may make other exceptions of it."""
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = {number: signal.signal(number, signals.raise_once) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_command(name: str, main: Callable[[], int]) -> int:
    """Run a command's main function; return its exit code, or a signal's, with a line that says so."""
    with raised_signals() as signals:
        try:
            return main()
        except BaseException:
            if signals.received is None:
                raise
    print(f"{name}: {signals.message}", file=sys.stderr)
    return signals.exit_code
