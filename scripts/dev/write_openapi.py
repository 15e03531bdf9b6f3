"""Write openapi.json again, after a change of the documents' shapes or of the endpoint."""

import json
import sys
from pathlib import Path

import _path  # noqa: F401
from factory_metrics.api import openapi

FILE = Path(openapi.__file__).with_name("openapi.json")


def text() -> str:
    """Return what the file should hold."""
    return json.dumps(openapi.description(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
    sys.exit()
