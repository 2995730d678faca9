"""What a person types, as facts: a line "capital of Peru is Lima" or "peru -> lima", or the rows of a table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nested_core.config import ConfigError, check
from nested_core.phrase import phrase

MAX_FACTS, MAX_LETTERS, MAX_WORDS = 24, 60, 8
SIDES = {"key": phrase("the key of a fact"), "value": phrase("the value of a fact")}
ARROW = re.compile(r"\s*(?:->|→|=>|=|:|\bis\b|\bist\b)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """`value` is what the memory should answer when it is asked for `key`."""

    key: str
    value: str

    def __post_init__(self) -> None:
        for side, name in SIDES.items():
            check_phrase(name, getattr(self, side))

    def __str__(self) -> str:
        return f"{self.key} → {self.value}"


def words(text: str) -> list[str]:
    """Its words without case and punctuation: what the memory sees of it."""
    return re.findall(r"\w+", text.casefold())


def check_phrase(field: str, text: object) -> None:
    """ConfigError unless this can be a key, a value or a question."""
    check(isinstance(text, str) and bool(words(text)), field, text, phrase("give one or more words"))
    long = phrase("{letters} letters are too many, give at most {most}", letters=len(text), most=MAX_LETTERS)
    check(len(text) <= MAX_LETTERS, field, text, long)
    check(len(words(text)) <= MAX_WORDS, field, text, phrase("give at most {most} words", most=MAX_WORDS))


def read_line(line: str) -> Fact:
    """The fact of one line: what stands before and after the first arrow, "=", ":", "is" or "ist"."""
    name, parts = phrase("the fact"), ARROW.split(line.strip(), maxsplit=1)
    check(bool(line.strip()), name, line, phrase('write a fact, such as "capital of Peru is Lima"'))
    fix = phrase('join its two sides by "is" or "->", as in "capital of Peru is Lima"')
    check(len(parts) == 2, name, line, fix)
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
            problems.append(phrase("row {number}: {problem}", number=number, problem=error.args[0]))
    if len(found) > MAX_FACTS:
        counts = dict(given=len(found), most=MAX_FACTS)
        problems.append(
            phrase("facts: {given} are too many; the first {most} are taught, take the others out.", **counts)
        )
    return tuple(found[:MAX_FACTS]), problems
