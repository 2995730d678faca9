"""The settings of "Draw a digit" as the address of the page: ?v=1&tasks=5&seed=0&image=...

`image` is what is on the canvas, 64 letters row by row, 0 to 9 and a to g for brightness 0 to 16; none where it is
empty. Reading never fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nested_core.phrase import phrase

from ..query import VERSION, Query
from .questions import TASKS
from .strokes import EMPTY, SIDE, Image

FIELDS = ("v", "tasks", "seed", "image")
SHADES = "0123456789abcdefg"


@dataclass(frozen=True)
class Wish:
    """What the widgets of the page hold."""

    tasks: int = 5
    seed: int = 0
    image: Image = EMPTY

    def query(self) -> dict[str, str]:
        """The fields of the link; shades of the image in sixteenths, as the digit set has them."""
        drawn = {} if self.image == EMPTY else {"image": "".join(SHADES[round(16 * x)] for x in self.image)}
        return {"v": VERSION, "tasks": str(self.tasks), "seed": str(self.seed), **drawn}


def read(given: Mapping[str, str]) -> tuple[Wish, list[str]]:
    """What a link asks for, and a sentence for every part of it that could not be used."""
    query = Query(given, FIELDS)
    wish = Wish(
        query.one_of("tasks", {str(tasks): tasks for tasks in TASKS}, 5),
        query.whole("seed", 0, 2**31 - 1, 0),
        query.made(
            "image", _image, phrase("give 64 letters from 0 to 9 and a to g"), phrase("nothing is drawn"), EMPTY
        ),
    )
    return wish, query.notices


def _image(text: str) -> Image:
    if len(text) != SIDE**2:
        raise ValueError(text)
    return tuple(SHADES.index(letter) / 16 for letter in text)
