"""Tell users what a command does, and how long each step takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StepLog:
    """`tell` is told of what was done, in words and in fields; `seconds` has what each step took."""

    tell: Callable[[str, dict[str, object]], None] = lambda _text, _fields: None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step, and say when it is done."""
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 3)
        self.tell(
            f"{name}: {self.seconds[name]:.1f} s",
            {"event": "step", "step": name, "seconds": self.seconds[name]},
        )
