"""When a level writes: the only place that knows about time.

Time is counted in integer data points from 1 (steps of a stream, or tokens of a sequence). A level of period C
writes after data points C, 2C, 3C, ..., so after T of them it has written exactly floor(T / C) times
(Nested Learning, Definition 2 and eq. 71).
"""

import numpy as np


def due(step: int, period: int) -> bool:
    """Whether a level of this `period` writes after data point `step` (counted from 1)."""
    return step % period == 0


def writes(steps: int, period: int) -> int:
    """How often a level of this `period` has written after `steps` data points."""
    return steps // period


def schedule(steps: int, periods: tuple[int, ...]) -> np.ndarray:
    """The planned writes, bool [steps, levels]. A plan only: pictures use the recorded writes of a Trace."""
    return np.array([[due(step, period) for period in periods] for step in range(1, steps + 1)]).reshape(steps, -1)
