"""How often what moves is drawn anew: more seldom the more tabs have a moving picture, so that all of them keep moving.

One server process draws for everybody. A frame of the stage is cheap and a tick of the whole picture is not, so with
many the charts come more seldom first.
"""

FRAME, SLOWEST_FRAME = 1 / 15, 1 / 6  # seconds between two frames of a stage
FRAME_COST, TICK_COST = 0.0015, 0.1  # seconds that a tab adds to everybody's wait
SLOWEST_TICK = 10.0
CROWD = 20  # moving stages; with more, what is large and shown elsewhere waits until a run stands still

moving = 0  # stages that are streamed now; see live


def frame() -> float:
    """Seconds from one frame of a stage to the next."""
    return min(SLOWEST_FRAME, max(FRAME, moving * FRAME_COST))


def tick(least: float) -> float:
    """Seconds from one drawing of the charts to the next."""
    return min(SLOWEST_TICK, max(least, moving * TICK_COST))


def changed(before: float, least: float) -> bool:
    """Whether a page that ticks every `before` seconds had better tick at another pace."""
    now = tick(least)
    return now > 3 * before or before > 3 * now


def crowded() -> bool:
    return moving > CROWD
