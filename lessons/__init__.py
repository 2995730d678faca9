"""Lessons of five to eight minutes: predict, run, compare, explain. Data and executable claims, no pages.

Reading order: picture, lesson, l01_forgets and the other lessons, record, claims, check. The app shows them
(`app/learn`), `python -m lessons 03` steps through one in a terminal, `python -m lessons.check` tests what they say.
"""

import importlib
import pkgutil

from nested_core import config
from nested_core.phrase import phrase

from .lesson import Lesson


def all_lessons() -> tuple[Lesson, ...]:
    """Every lesson, by number: the files of this folder called l01_..., l02_..., each with one LESSON."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] == "l" and m.name[1:3].isdigit())
    return tuple(importlib.import_module(f"{__name__}.{name}").LESSON for name in names)


def lesson(number: str | int) -> Lesson:
    """The lesson of a number such as 3 or "03"; ConfigError for any other."""
    found = all_lessons()
    text = str(number)
    ok = text.isascii() and text.isdigit() and int(text) in [x.number for x in found]
    config.check(ok, "lesson", number, phrase("choose a number from 1 to {last}", last=found[-1].number))
    return next(x for x in found if x.number == int(text))
