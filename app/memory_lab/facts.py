"""What a person types, as facts: a line "capital of Peru is Lima" or "peru -> lima", or the rows of a table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nested_core.config import ConfigError, check

MAX_FACTS, MAX_LETTERS, MAX_WORDS = 24, 60, 8
ARROW = re.compile(r"\s*(?:->|→|=>|=|:|\bis\b)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """`value` is what the memory should answer when it is asked for `key`."""

    key: str
    value: str

    def __post_init__(self) -> None:
        for side in ("key", "value"):
            check_phrase(f"the {side} of a fact", getattr(self, side))

    def __str__(self) -> str:
        return f"{self.key} → {self.value}"


def words(phrase: str) -> list[str]:
    """Its words without case and punctuation: what the memory sees of it."""
    return re.findall(r"\w+", phrase.casefold())


def check_phrase(field: str, phrase: object) -> None:
    """ConfigError unless this can be a key, a value or a question."""
    check(isinstance(phrase, str) and bool(words(phrase)), field, phrase, "give one or more words")
    check(len(phrase) <= MAX_LETTERS, field, phrase, f"{len(phrase)} letters are too many, give at most {MAX_LETTERS}")
    check(len(words(phrase)) <= MAX_WORDS, field, phrase, f"give at most {MAX_WORDS} words")


def read_line(line: str) -> Fact:
    """The fact of one line: what stands before and after the first arrow, "=", ":" or "is"."""
    check(bool(line.strip()), "the fact", line, 'write a fact, such as "capital of Peru is Lima"')
    parts = ARROW.split(line.strip(), maxsplit=1)
    check(len(parts) == 2, "the fact", line, 'join its two sides by "is" or "->", as in "capital of Peru is Lima"')
    return Fact(*parts)


def read_table(rows: Iterable[tuple[Any, Any]]) -> tuple[tuple[Fact, ...], list[str]]:
    """The facts of a table's rows, and a sentence for each row that is none; empty rows are left out."""
    found, problems = [], []
    for number, row in enumerate(rows, 1):
        key, value = (x.strip() if isinstance(x, str) else "" for x in row)
        if not key and not value:
            continue
        try:
            found.append(Fact(key, value))
        except ConfigError as error:
            problems.append(f"row {number}: {error}")
    if len(found) > MAX_FACTS:
        problems.append(f"facts: {len(found)} are too many; the first {MAX_FACTS} are taught, take the others out.")
    return tuple(found[:MAX_FACTS]), problems
