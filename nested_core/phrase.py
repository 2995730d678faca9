"""A sentence that remembers its template and its values, so that whoever shows it can say it in another language."""

from collections.abc import Mapping
from typing import Any


class Phrase(str):
    """English text, made of a template such as "give at most {most}" and the values in it.

    meant tells apart what is one word in English and two elsewhere: "page" for the name of a page, else "".
    """

    template: str
    meant: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, meant: str = "", /, **values: Any) -> "Phrase":
        """Without values the template is taken as it is, braces and all."""
        made = super().__new__(cls, template.format(**values) if values else template)
        made.template, made.meant, made.values = template, meant, values
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.template, self.meant, dict(self.values))  # str's own would forget them


def _again(template: str, meant: str, values: dict[str, Any]) -> Phrase:
    return Phrase(template, meant, **values)


def phrase(template: str, meant: str = "", /, **values: Any) -> Phrase:
    """Text for people. Where it is a name in a table, this marks it for the catalogue of the other languages."""
    return Phrase(template, meant, **values)
