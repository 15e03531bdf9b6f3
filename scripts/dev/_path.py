"""Let the programs of this folder find the package in `scripts/`: imported before it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
