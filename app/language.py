"""The language that a person reads. English is in the code; the others are in locale/*.po, by the English text.

`tr` says one text in the language of the tab; `plural` one that counts. Text that is written where no tab is known, in
a table of names or in `nested_core` and `lessons`, is a `phrase` there, and `tr` says it where it is shown.
"""

import gettext
import string
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nested_core.phrase import Phrase

if TYPE_CHECKING:
    from babel.messages import Catalog

LANGUAGES = {"en": "English", "de": "Deutsch"}
LOCALE = Path(__file__).parent / "locale"
_spoken: ContextVar[str] = ContextVar("spoken", default="")


class Catalogue(NamedTuple):
    """forms: what stands for (meant, English text), one or one for each plural form; form: which of them n takes."""

    forms: Mapping[tuple[str, str], tuple[str, ...]]
    form: Callable[[int], int]


def read(name: str) -> "Catalog":
    """The file of a language."""
    from babel.messages.pofile import read_po  # where everybody reads English it is never loaded

    with (LOCALE / f"{name}.po").open(encoding="utf-8") as file:
        return read_po(file, locale=name)


@lru_cache(maxsize=8)
def catalogue(name: str) -> Catalogue:
    """The catalogue of a language; that of English is empty."""
    if name == "en":
        return Catalogue({}, lambda n: int(n != 1))
    forms, held = {}, read(name)
    for message in held:
        english = message.id if isinstance(message.id, str) else message.id[0]
        said = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        if english and all(said):
            forms[message.context or "", english] = said
    return Catalogue(forms, gettext.c2py(held.plural_expr))


def language() -> str:
    """The language of whoever reads: the one of `speaking`, or of the tab, or English."""
    if _spoken.get():
        return _spoken.get()
    runner = sys.modules.get("streamlit.runtime.scriptrunner")  # views are drawn without Streamlit too
    if runner is None or runner.get_script_run_ctx(suppress_warning=True) is None:
        return "en"
    return sys.modules["streamlit"].session_state.get("language", "en")


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """A language where there is no tab: in a stream of events, in a test."""
    token = _spoken.set(name)
    try:
        yield
    finally:
        _spoken.reset(token)


def tr(text: "str | Exception", meant: str = "", /, **values) -> str:
    """The text in the reader's language, with the values put into its braces; an error: the sentence that it holds.

    meant: see `Phrase`.
    """
    if isinstance(text, Exception):
        text = text.args[0] if text.args and isinstance(text.args[0], str) else str(text)
    if isinstance(text, Phrase):
        text, meant, values = text.template, text.meant, {**text.values, **values}
    (said,) = catalogue(language()).forms.get((meant, text), (text,))[:1]
    return _FILL.vformat(said, (), values) if values else said


def plural(one: str, many: str, n: int, /, **values) -> str:
    """The text for n of something, in the reader's language; {n} is the number."""
    held = catalogue(language())
    forms = held.forms.get(("", one), (one, many))
    return _FILL.vformat(forms[held.form(n)], (), {"n": n, **values})


def grouped(n: int) -> str:
    """A number with its thousands apart: 45,000 in English; a space elsewhere, where a comma stands before decimals."""
    return f"{n:,}".replace(",", "," if language() == "en" else "\u202f")


class _Fill(string.Formatter):
    """Puts values into braces as str.format does; phrases in the reader's language, {n:,} as `grouped`."""

    def get_field(self, field_name: str, args, kwargs):
        value, first = super().get_field(field_name, args, kwargs)
        return tr(value) if isinstance(value, Phrase) else value, first

    def format_field(self, value, format_spec: str) -> str:
        return grouped(value) if format_spec == "," else format(value, format_spec)


_FILL = _Fill()
