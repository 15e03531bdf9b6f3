"""What numbers mean: the doc blocks of marts, which dbt shows at their columns, and the API at its fields."""

import re
from functools import cache

from factory_metrics.project import ROOT

_MARTS = ROOT / "models" / "marts"
_BLOCK = re.compile(r"{% docs (\w+) %}\n(.*?)\n{% enddocs %}", re.DOTALL)
_NAME = re.compile(r"`[a-z_]+`")


def meaning(column: str) -> str:
    """Return what a column of a mart means, on one line, with other columns' names as JSON has them.

    Raises:
        LookupError: it has no doc block.

    """
    try:
        text = _blocks()[column]
    except KeyError as error:
        message = f"no file of {_MARTS} has a doc block {column}: write one, as for other columns"
        raise LookupError(message) from error
    return _NAME.sub(lambda name: re.sub("_([a-z])", lambda letter: letter[1].upper(), name[0]), text)


@cache
def _blocks() -> dict[str, str]:
    """Return all doc blocks by name, each on one line."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(_MARTS.glob("*/*.md")))
    return {name: " ".join(block.split()) for text in texts for name, block in _BLOCK.findall(text)}
