"""Which texts there are to translate, found in the code, and which of them a catalogue has.

A text is what stands first in a call of `tr`, `phrase` or `plural` (there: the first two). Lessons and the glossary are
data, so what is written in them is taken from there.
"""

import ast
import dataclasses
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.pofile import write_po

import lessons
from lessons.glossary import TERMS
from lessons.lesson import Claim
from nested_core.config import RunConfig

from ..language import LANGUAGES, LOCALE, read

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("app", "lessons", "nested_core")
CALLS = ("tr", "phrase", "plural")
UNREAD = {"slug", "link", "equation", "symbol"}  # fields of a lesson that no page shows as text
Text = str | tuple[str, str]  # one, or that for one thing and that for many


def template() -> Catalog:
    """Every text of the program, without words for it."""
    found = Catalog(fuzzy=False)
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*.py")):
            for text, meant in in_code(path):
                found.add(text, context=meant or None, locations=[(str(path.relative_to(ROOT)), 0)])
    for lesson in (*lessons.all_lessons(), *TERMS):
        for text in in_data(lesson):
            found.add(text, locations=[(type(lesson).__module__.replace(".", "/") + ".py", 0)])
    return found


def in_code(path: Path) -> Iterator[tuple[Text, str]]:
    """The texts in the calls of a Python file, and as what they are meant."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        given = node.args[:2] if name in CALLS else []
        words = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if not words or not words[0] or (name == "plural" and len(words) < 2):
            continue
        yield ((words[0], words[1]), "") if name == "plural" else (words[0], "".join(words[1:]))


def in_data(data: Any) -> Iterator[str]:
    """The texts in a tree of dataclasses and tuples."""
    if isinstance(data, str) and any(map(str.isalpha, data)):
        yield str(data)
    elif isinstance(data, RunConfig):
        yield data.learner.name
    elif isinstance(data, Claim):  # its name is for the command line
        yield from in_data((data.sentence, data.unit))
    elif dataclasses.is_dataclass(data):
        for field in dataclasses.fields(data):
            yield from in_data(getattr(data, field.name)) if field.name not in UNREAD else ()
    elif isinstance(data, tuple):
        for part in data:
            yield from in_data(part)


def update() -> list[str]:
    """Put new texts into every catalogue and take old ones out; the names of the languages."""
    names, wanted = [name for name in LANGUAGES if name != "en"], template()
    for name in names:
        held = read(name)
        held.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        with (LOCALE / f"{name}.po").open("wb") as file:
            write_po(file, held, width=120, ignore_obsolete=True, include_lineno=False, omit_header=False)
    return names


def missing(name: str) -> list[str]:
    """Texts that a language has no words for, or words with other fields than the English text."""
    held = read(name)
    return [key(message)[1] for message in template() if message.id and not _complete(message, held)]


def key(message: Message) -> tuple[str, str]:
    """What a catalogue finds a message by: as what it is meant, and its English text."""
    return message.context or "", message.id if isinstance(message.id, str) else message.id[0]


def _complete(wanted: Message, held: Catalog) -> bool:
    meant, text = key(wanted)
    message = held.get(text, meant or None)
    said = () if message is None else message.string if isinstance(message.string, tuple) else (message.string,)
    many = text if isinstance(wanted.id, str) else wanted.id[1]
    fields = [_fields(words) for words in said]  # a singular may say "one" for {n}
    return bool(said) and all(said) and fields[-1] == _fields(many) and all(f <= fields[-1] for f in fields)


def _fields(text: str) -> set[str]:
    """The fields in a text with their formats; none where braces belong to a formula."""
    try:
        return {f"{name}:{form}" for _, name, form, _ in string.Formatter().parse(text) if name}
    except ValueError:
        return set()
