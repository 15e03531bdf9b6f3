"""Copy files of databases, which are large."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

# Higher than copies of this size fail on some systems.
_COPY_BYTES = 1 << 30


def copy_file(source: Path, target: Path) -> None:
    """Copy a file's content; file systems that can share blocks between files do."""
    target.unlink(missing_ok=True)
    with suppress(OSError), source.open("rb") as old, target.open("wb") as new:
        while os.copy_file_range(old.fileno(), new.fileno(), _COPY_BYTES):
            pass
    # Some file systems cannot, and some copy nothing without saying so.
    if not target.exists() or target.stat().st_size != source.stat().st_size:
        try:
            shutil.copyfile(source, target)
        except OSError:
            target.unlink(missing_ok=True)  # else a full disk stays full
            raise
