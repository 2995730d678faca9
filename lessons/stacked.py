"""A small network trained on eight of the ten digits, used as levels on pictures of the other two (lesson 12)."""

import functools
from typing import NamedTuple

from .runs import digits

RATE = 0.003
READ = 256  # pictures of the two new digits that are read while it is used
TASKS, NEW = 5, 4  # five pairs of digits; the last pair is new to the network
SEEDS = 10


class Used(NamedTuple):
    """What a network knew while it was used: percent after each quarter of the pictures, and some sums."""

    old: tuple[float, ...]
    new: tuple[float, ...]
    online: float  # percent of the new digits that it answered right before it learned from them
    moved: float  # distance of its weights from where they were


@functools.cache
def pairs(seed: int):
    """Real digits, a pair of classes at each step: step 1 brings the first pair, step 5 the new one."""
    from nested_core.streams import open_stream

    return open_stream(digits("class_digits", TASKS, 1, 20), seed)


def join(batches):
    import torch

    return torch.cat([b.x for b in batches]), torch.cat([b.y for b in batches])


@functools.cache
def base(seed: int):
    """A network of three layers, trained on eight of the ten digits."""
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 10)
    made = nn.Sequential(*layers).double()
    optimizer = torch.optim.Adam(made.parameters(), 0.003)
    for i in range(300):
        x, y = join([pairs(seed).batch(1 + TASKS * i + task) for task in range(NEW)])
        optimizer.zero_grad()
        nn.functional.cross_entropy(made(x), y).backward()
        optimizer.step()
    return made.eval()


@functools.cache
def pictures(seed: int, mixed: bool):
    """What it reads while it is used: pictures of new digits. mixed: with as many of old ones, in random order."""
    import torch

    at = range(1 + TASKS * 1000, 1 + TASKS * (1000 + READ // 32), TASKS)
    found = [pairs(seed).batch(step + NEW) for step in at]
    if not mixed:
        return join(found)
    x, y = join(found + [pairs(seed).batch(step + i % NEW) for i, step in enumerate(at)])
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    return x[order], y[order]


@functools.cache
def used(
    period: int, rate: float, seed: int, written: tuple[bool, ...] = (True, True, True), mixed: bool = False
) -> Used:
    """The base network with its layers as levels, written by what it reads; all levels have the same clock."""
    import torch

    from nested_core.stacking import stack

    stacked = stack(base(seed), (period,) * 3, tuple(rate * on for on in written))
    start = state = stacked.start()
    tests, (x, y) = pairs(seed).tests, pictures(seed, mixed)
    old, new, given = [], [], []

    def known(batch_x, batch_y) -> float:
        return 100 * float((stacked(batch_x, state=state)[0].argmax(1) == batch_y).double().mean())

    for quarter in range(5):
        old.append(known(*join(tests[:NEW])))
        new.append(known(*tests[NEW]))
        if quarter < 4:
            here = slice(quarter * len(x) // 4, (quarter + 1) * len(x) // 4)
            answers, state, _ = stacked(x[here], y[here], state)
            given.append(answers.argmax(1) == y[here])
    fresh = torch.isin(y, tests[NEW].y)
    online = 100 * float(torch.cat(given)[fresh].double().mean())
    levels = zip(start.levels, state.levels, strict=True)
    moved = sum(float((a - b).square().sum()) for s, e in levels for a, b in zip(s.weights, e.weights, strict=True))
    return Used(tuple(old), tuple(new), online, moved**0.5)


def only(layer: int) -> tuple[bool, ...]:
    return tuple(i == layer for i in range(3))


def difference(seed: int) -> float:
    """The largest difference between the answers of the base network and of its stack with all rates 0."""
    from nested_core.stacking import stack

    x = pairs(seed).tests[0].x
    found = stack(base(seed), (1, 16, 64), (0.0, 0.0, 0.0))(x)[0]
    return float((found - base(seed)(x)).detach().abs().max())


def untouched(seed: int) -> float:
    """Percent of old digits that the base network answers after its stack was written: read without the state."""
    used(1, RATE, seed)
    x, y = join(pairs(seed).tests[:NEW])
    return 100 * float((base(seed)(x).argmax(1) == y).double().mean())


def farther(seed: int) -> float:
    """How many times as far the weights have moved at period 256 as at period 1."""
    return used(256, RATE, seed).moved / used(1, RATE, seed).moved


def mean(measure) -> float:
    return sum(measure(seed) for seed in range(SEEDS)) / SEEDS


def kept(period: int, seed: int, rate: float = RATE, **more) -> float:
    return used(period, rate, seed, **more).old[-1]


def learned(period: int, seed: int, rate: float = RATE, **more) -> float:
    return used(period, rate, seed, **more).new[-1]
