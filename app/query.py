"""Reading the address of a page: field by field, and whatever cannot be used is one sentence and the default."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from urllib.parse import urlencode

from nested_core.config import ConfigError
from nested_core.phrase import Phrase, phrase

VERSION = "1"
CLAUSE = phrase("{field}: {value} cannot be used; {fix}")  # for the catalogue: what `_clause` leaves of a ConfigError
T = TypeVar("T")


def link(page: str, fields: Mapping[str, str]) -> str:
    """The address of a page with these settings."""
    return f"{page}?{urlencode(fields, safe='*')}"


def of_page(field: str) -> bool:
    """Whether a field is about the page, not its settings: how it is embedded elsewhere, and its language."""
    return field == "lang" or field.startswith("embed")


class Query:
    """The fields of a link. `notices` grows by a sentence for each that is unknown or that could not be used."""

    def __init__(self, given: Mapping[str, str], known: Iterable[str]):
        self.given, self.notices = given, list[str]()
        for field in given:
            if field not in known and not of_page(field):
                names = ", ".join(known)
                self.notices.append(
                    phrase(
                        "link: {field!r} is unknown and was left out; known are {names}.", field=field[:40], names=names
                    )
                )
        if given.get("v", VERSION) != VERSION:
            self.note(
                "v", phrase("this program reads version {version}, so the rest was read as that", version=VERSION)
            )

    def note(self, field: str, fix: str) -> None:
        """Say that a field cannot be used, and what is done instead."""
        given = self.given[field][:40]
        self.notices.append(
            phrase("link: {field} = {given!r} cannot be used; {fix}.", field=field, given=given, fix=fix)
        )

    def whole(self, field: str, low: int, high: int, otherwise: T) -> int | T:
        """A whole number within these ends."""
        text = self.given.get(field)
        if text is None:
            return otherwise
        if text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high:
            return int(text)
        self.note(field, phrase("give a whole number from {low} to {high}; the default is used", low=low, high=high))
        return otherwise

    def one_of(self, field: str, values: Mapping[str, T], otherwise: T) -> T:
        """What the text of the field stands for."""
        if field in self.given and self.given[field] not in values:
            names = ", ".join(filter(None, values))
            self.note(field, phrase("choose one of {names}; the default is used", names=names))
        return values.get(self.given.get(field, ""), otherwise) if field in self.given else otherwise

    def made(self, field: str, make: Callable[[str], T], form: str, instead: str, otherwise: T) -> T:
        """What `make` makes of the text; where it fails: its own sentence, or `form`, and what is done `instead`."""
        if field not in self.given:
            return otherwise
        try:
            return make(self.given[field])
        except (ConfigError, ValueError) as error:
            why = _clause(error) if isinstance(error, ConfigError) else form
            self.note(field, phrase("{why}; {instead}", why=why, instead=instead))
            return otherwise


def _clause(error: ConfigError) -> str:
    """Its sentence as a part of another one: without the full stop."""
    said = error.args[0]
    return Phrase(said.template.rstrip("."), **said.values) if isinstance(said, Phrase) else said.rstrip(".")
