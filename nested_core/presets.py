"""Named configurations: the streams and the learners that the app, the demos and the tests compare.

A variant is `dataclasses.replace(preset(), ...)`. Rates of the single loops are the best of the sweeps that
`python -m nested_core.sweep` makes on separate seeds; those of the nested learners got as many trials.
"""

from typing import Any

from .config import LearnerConfig, Level, RunConfig, StreamConfig

MLP_WIDTH = 600  # hidden units in all; divisible by 1, 2, 3, 4, 5, 6 and 8 levels
TEXT_WIDTH = 64

# The best of each sweep, by (stream, whether tasks return): optimizer and rate.
SINGLE_LOOP = {
    ("permuted_digits", False): ("sgd", 1.0),
    ("permuted_digits", True): ("sgd", 1.0),
    ("class_digits", False): ("sgd", 1.0),
    ("class_digits", True): ("adam", 1e-4),
    ("languages", False): ("adam", 6e-5),
    ("languages", True): ("adam", 1e-3),
    ("own_text", False): ("adam", 6e-5),
    ("own_text", True): ("adam", 1e-3),
}
TRANSFORMER = {False: 6e-5, True: 1e-3}


def stream(kind: str, rounds: int | None = None, **changes: Any) -> StreamConfig:
    """The default stream of a kind; `rounds` above 1 makes tasks return, and visits shorter."""
    if kind == "permuted_digits":
        defaults = dict(tasks=5, rounds=rounds or 1, dwell=300 if (rounds or 1) == 1 else 40, batch=32)
    elif kind == "class_digits":
        defaults = dict(tasks=5, rounds=rounds or 1, dwell=200 if (rounds or 1) == 1 else 40, batch=32)
    else:
        rounds = rounds or 8
        defaults = dict(tasks=3, rounds=rounds, dwell=400 if rounds == 1 else 40, batch=16, length=128)
    return StreamConfig(kind=kind, **{**defaults, **changes})


def nested(stream: StreamConfig) -> LearnerConfig:
    """The nested learner.

    Digits: three MLP blocks on three clocks, each protecting its old inputs by a least-squares memory.
    Text: Hope, whose fast weights restart from slower ones (nested transfer by the initial state).
    """
    if not stream.is_text:
        levels = tuple(Level(period, 0.3) for period in (1, 4, 16))
        return LearnerConfig("nested", "mlp", "least_squares", "independent", levels, width=MLP_WIDTH)
    if stream.rounds == 1:
        levels = (Level(1, 3e-3), Level(400, 0.4))
    else:
        levels = (Level(1, 1e-2), Level(5, 0.3), Level(40, 0.5))
    return LearnerConfig("nested", "hope", "adam", "nested", levels, width=TEXT_WIDTH)


def single_loop(stream: StreamConfig) -> LearnerConfig:
    """The same architecture on one clock with one optimizer, at the best rate of its sweep."""
    optimizer, rate = SINGLE_LOOP[stream.kind, stream.rounds > 1]
    model, width = ("hope", TEXT_WIDTH) if stream.is_text else ("mlp", MLP_WIDTH)
    return LearnerConfig("single_loop", model, optimizer, "single", (Level(1, rate),), width=width)


def transformer(stream: StreamConfig) -> LearnerConfig:
    """A Transformer of the same parameter count on one clock, at the best rate of its sweep; text only."""
    rate = TRANSFORMER[stream.rounds > 1]
    return LearnerConfig("transformer", "transformer", "adam", "single", (Level(1, rate),), width=TEXT_WIDTH)


def arms(stream: StreamConfig) -> tuple[LearnerConfig, ...]:
    """The learners that a comparison on this stream shows, nested first."""
    return (nested(stream), single_loop(stream), *((transformer(stream),) if stream.is_text else ()))


def run_config(stream: StreamConfig, learner: LearnerConfig) -> RunConfig:
    """The run of this learner on this stream, tested so often that curves are smooth and testing stays cheap."""
    return RunConfig(stream, learner, probe_every=50 if stream.steps > 4000 else 20 if stream.is_text else 10)
