"""What the command lines that work on a home have in common."""

import argparse
from pathlib import Path

from factory_metrics.project import UserError, default_home
from factory_metrics.runs.publishing import Home


def home_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows a description with its lines as they are, and has the option `--home`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--home",
        type=Path,
        default=default_home(),
        metavar="DIR",
        help="where versions are published (default: FACTORY_HOME, else published/)",
    )
    return parser


def published_version(home: Home) -> int:
    """Return the number of the published version.

    Raises:
        UserError: there is none.

    """
    version = home.current()
    if version is None:
        message = f"nothing is published in {home.folder}: run scripts/refresh.py --home {home.folder}"
        raise UserError(message)
    return version
