"""The words of the page in other languages: English sentences are the keys of a table.

words.de.json   {"Switch it off": "Ausschalten", "Neuron {n}": "Neuron {n}", ...}      what is missing stays English
"""

from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import msgspec

from glasswork.errors import InputError

Language: TypeAlias = Literal["en", "de"]


class Words:
    """Sentences and numbers as a language has them.

    Parameters
    ----------
    language : {"en", "de"}

    Raises
    ------
    InputError
        If there is no table for the language.
    """

    def __init__(self, language: Language = "en") -> None:
        if language not in get_args(Language):
            raise InputError(f"language: expected one of {', '.join(get_args(Language))}; got {language!r}")
        self.language = language
        self.table = {} if language == "en" else _table(language)

    def say(self, english: str, **values: object) -> str:
        """Return a sentence with values in the places of ``{name}``."""
        return self.lookup(english).format(**values)

    def lookup(self, english: str) -> str:
        """Return a sentence as it is in the table."""
        return self.table.get(english, english)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with its thousands set apart and so many decimals."""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.language == "de" else text


@cache
def _table(language: str) -> dict[str, str]:
    content = (Path(__file__).parent / f"words.{language}.json").read_bytes()
    return msgspec.json.decode(content, type=dict[str, str])
