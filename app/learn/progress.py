"""Where a learner stands, kept in the address: ?lesson=3&step=run&p3=60&done=1_2. No account, and it survives a reload.

p3 is the locked prediction of lesson 3 as text ("skip" where there is none); done lists finished lessons.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import lessons
from lessons.lesson import Lesson
from nested_core.phrase import phrase

STEPS = {
    "hook": phrase("Start", "step"),
    "predict": phrase("Predict"),
    "run": phrase("Run"),
    "reveal": phrase("Compare"),
    "why": phrase("Why"),
    "check": phrase("Check"),
    "try": phrase("Now you"),
    "summary": phrase("Summary"),
}
SKIP = "skip"


@dataclass(frozen=True)
class Progress:
    lesson: int = 0  # 0: the list of lessons
    step: str = "hook"
    locked: Mapping[int, str] = field(default_factory=dict)
    done: frozenset[int] = frozenset()

    def reachable(self) -> list[str]:
        """Steps that are open: without a prediction no run; afterwards everything, forward and back."""
        names = list(STEPS)
        return names if self.lesson in self.locked else names[:2]

    def next(self, by: int = 1) -> "Progress":
        names = self.reachable()
        return replace(self, step=names[min(max(names.index(self.step) + by, 0), len(names) - 1)])

    def lock(self, text: str) -> "Progress":
        """Take a prediction, the first of this lesson; it stays."""
        return self if self.lesson in self.locked else replace(self, locked={**self.locked, self.lesson: text})

    def finished(self, lesson: int) -> "Progress":
        return replace(self, done=self.done | {lesson})

    def query(self) -> dict[str, str]:
        found = {"lesson": str(self.lesson), "step": self.step} if self.lesson else {}
        found |= {f"p{n}": text for n, text in sorted(self.locked.items())}
        return found | ({"done": "_".join(map(str, sorted(self.done)))} if self.done else {})


def read(query: Mapping[str, str]) -> Progress:
    """The progress that an address tells; whatever it holds that cannot be used is left out."""
    known: dict[int, Lesson] = {x.number: x for x in lessons.all_lessons()}

    def number(text: str) -> int:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) in known else 0

    locked = {
        n: query[f"p{n}"]
        for n, lesson in known.items()
        if f"p{n}" in query and (query[f"p{n}"] == SKIP or lesson.prediction.read(query[f"p{n}"]) is not None)
    }
    done = frozenset(n for n in map(number, query.get("done", "").split("_")) if n)
    step = query.get("step", "hook")
    found = Progress(number(query.get("lesson", "")), step if step in STEPS else "hook", locked, done)
    return found if found.step in found.reachable() else replace(found, step="predict")


def value(progress: Progress, lesson: Lesson):
    """The locked prediction; None where it was skipped."""
    text = progress.locked.get(lesson.number, SKIP)
    return None if text == SKIP else lesson.prediction.read(text)
