"""A designed stream as text: what each task is, and the order of visits.

"1 2 1*50 3" visits task 1, then 2, then 1 again for 50 steps, then 3. Tasks are numbered from 1 as in the charts. The
link joins with _ what a person writes with spaces.
"""

import re
from dataclasses import dataclass

from nested_core.config import check
from nested_core.phrase import phrase

VISIT = re.compile(r"([1-9][0-9]?)(?:\*([1-9][0-9]{0,4}))?", re.ASCII)
ALIKE = ("permuted_digits", "languages")  # streams whose tasks can be more or less similar
NAMES = {  # what the tasks of a stream can be chosen from; classes are typed as digits
    "permuted_digits": tuple(map(str, range(1, 11))),
    "languages": ("English", "Python", *(f"cipher {number}" for number in range(1, 7))),
}


@dataclass(frozen=True)
class Design:
    """What a person changed about a stream: fields of a StreamConfig, empty where the usual ones stay."""

    parts: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    dwells: tuple[int, ...] = ()
    similarity: float = 0.0

    def query(self) -> dict[str, str]:
        """Its fields of the link; nothing for the usual stream."""
        fields = {"parts": "_".join(self.parts), "order": told(self.order, self.dwells, "_")}
        similar = {"similar": str(round(100 * self.similarity))} if self.similarity else {}
        return {name: text for name, text in fields.items() if text} | similar


def told(order: tuple[int, ...], dwells: tuple[int, ...], joint: str = " ") -> str:
    """An order of visits as a person writes it."""
    steps = [f"*{steps}" for steps in dwells] or [""] * len(order)
    return joint.join(f"{task + 1}{stay}" for task, stay in zip(order, steps, strict=True))


def read_order(text: str, dwell: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(order, dwells) of such a text; visits without steps of their own stay `dwell`. ConfigError for any other."""
    order, stays = [], []
    for word in text.replace("_", " ").split():
        found = VISIT.fullmatch(word)
        form = phrase("write numbers of tasks, such as 1 2 1 3, with *50 where a visit stays 50 steps")
        check(found is not None, "order", word, form)
        order.append(int(found[1]) - 1)
        stays.append(int(found[2] or 0))
    dwells = tuple(steps or dwell for steps in stays) if any(stays) else ()
    return tuple(order), dwells
