"""Refuse words that readers stumble over, in the files named: pages, comments, docstrings, messages.

    .venv/bin/python scripts/dev/check_words.py README.md

A phrase may go on in the next line, behind the mark of a comment. codespell, which has dictionaries, looks at
single lines.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Each with what to write instead.
WORDS = {
    "anew": "again",
    "(that|those|the ones?) of": "the noun once more",
    "needs? not": "what is so, or 'do not have to'",
    "but (for|with)": "except, without or unless",
    "be it": "even",
    "heeds?": "follow or look at",
    "(albeit|hence|hereby|lest|shall|thereof|thus|upon|whereby|whilst)": "a common word",
}
# The examples have them all.
_WITH_ALL = ("check_words.py", "test_words.py")


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Yield what a text should not say: its line, and what it is."""
    for words, instead in WORDS.items():
        pattern = words.replace(" ", r"\s+(?:(?:#|--)\s+)?")
        for found in re.finditer(rf"(?<![\w-]){pattern}\b", text, re.IGNORECASE):
            said = " ".join(re.sub(r"\s(#|--)\s", " ", found[0]).split())
            yield text.count("\n", 0, found.start()) + 1, f"'{said}': write {instead}"


def main() -> None:
    """Look at the files that the command line names; fail if any has a fault."""
    texts = {path: Path(path).read_text("utf-8") for path in sys.argv[1:] if not path.endswith(_WITH_ALL)}
    found = [f"{path}:{line}: {fault}" for path, text in texts.items() for line, fault in faults(text)]
    sys.exit("\n".join(found) or None)


if __name__ == "__main__":
    main()
