"""Find where JSON values end, and what they are, without changing a character of their numbers."""

import json
from typing import NoReturn


def _refuse(constant: str) -> NoReturn:
    message = f"{constant} is not JSON"
    raise ValueError(message)


# Numbers stay text: Python limits the length of integers, and floats lose digits.
VALUES = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)
