"""Reading the address of a page: field by field, and whatever cannot be used is one sentence and the default."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from urllib.parse import urlencode

from nested_core.config import ConfigError

VERSION = "1"
T = TypeVar("T")


def link(page: str, fields: Mapping[str, str]) -> str:
    """The address of a page with these settings."""
    return f"{page}?{urlencode(fields, safe='*')}"


class Query:
    """The fields of a link. `notices` grows by a sentence for each that is unknown or that could not be used."""

    def __init__(self, given: Mapping[str, str], known: Iterable[str]):
        self.given, self.notices = given, list[str]()
        for field in given:
            if field not in known and not field.startswith("embed"):
                names = ", ".join(known)
                self.notices.append(f"link: {field[:40]!r} is unknown and was left out; known are {names}.")
        if given.get("v", VERSION) != VERSION:
            self.note("v", f"this program reads version {VERSION}, so the rest was read as that")

    def note(self, field: str, fix: str) -> None:
        """Say that a field cannot be used, and what is done instead."""
        self.notices.append(f"link: {field} = {self.given[field][:40]!r} cannot be used; {fix}.")

    def whole(self, field: str, low: int, high: int, otherwise: T) -> int | T:
        """A whole number within these ends."""
        text = self.given.get(field)
        if text is None:
            return otherwise
        if text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high:
            return int(text)
        self.note(field, f"give a whole number from {low} to {high}; the default is used")
        return otherwise

    def one_of(self, field: str, values: Mapping[str, T], otherwise: T) -> T:
        """What the text of the field stands for."""
        if field in self.given and self.given[field] not in values:
            self.note(field, f"choose one of {', '.join(filter(None, values))}; the default is used")
        return values.get(self.given.get(field, ""), otherwise) if field in self.given else otherwise

    def made(self, field: str, make: Callable[[str], T], form: str, instead: str, otherwise: T) -> T:
        """What `make` makes of the text; where it fails: its own sentence, or `form`, and what is done `instead`."""
        if field not in self.given:
            return otherwise
        try:
            return make(self.given[field])
        except (ConfigError, ValueError) as error:
            self.note(field, f"{str(error).rstrip('.') if isinstance(error, ConfigError) else form}; {instead}")
            return otherwise
