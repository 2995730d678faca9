"""Time as a cursor: where a tab stands in what was recorded. The recording itself never changes, so going back and
forward again shows the same run, bit for bit.
"""

import time
from collections.abc import Callable


class Playhead:
    """At the end of what was recorded, or at an earlier step, standing or moving on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._at: int | None = None  # None: at the end, wherever that is
        self._rate, self._since = 0.0, 0.0  # steps a second while it moves, else 0

    def position(self, recorded: int) -> int:
        """The step it stands at, of `recorded` ones. When it reaches the end it stays there."""
        if self._at is None:
            return recorded
        at = self._at + int(self._rate * (self._clock() - self._since))
        if self._rate and at >= recorded:
            self.follow()
        return min(at, recorded)

    def moving(self, recorded: int) -> bool:
        self.position(recorded)
        return self._rate > 0

    def play(self, recorded: int, rate: float) -> None:
        """Move on at `rate` steps a second; from the start if it stands at the end."""
        at = self.position(recorded)
        self._at, self._rate, self._since = (0 if at >= recorded else at), rate, self._clock()

    def jump(self, step: int, recorded: int) -> None:
        """Stand at a step; at the last one it is at the end again."""
        self._at, self._rate = (None if step >= recorded else max(0, step)), 0.0

    def stop(self, recorded: int) -> None:
        self.jump(self.position(recorded), recorded)

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._at, self._rate = None, 0.0
