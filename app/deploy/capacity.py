"""How many learners a machine holds, what they cost, and what gives way first: `python -m app.deploy.capacity`.

    python -m app.deploy.capacity --learners 300 --core-hour 0.04 --gb-hour 0.005
    python -m app.deploy.capacity --measure      # what one tick, frame, answer and step cost on this machine

A replica is one server process, whose Python runs on one core at a time, and training processes on the other cores.
The simulation lets learners come and go between the two: everybody's page ticks; now and then somebody trains, and then
ticks faster and is streamed to. Both are queues, first come first served. It knows nothing of networks and browsers.
"""

import argparse
import heapq
import json
import math
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from app.classroom.database import CONNECTIONS

MEASURED = Path(__file__).resolve().parent / "measured.json"
P95_SECONDS = 0.5  # of a tick: longer is felt
WAIT_SECONDS = 10.0  # of a run, on average, for a free process
POSTGRES = 100  # connections that PostgreSQL takes unless it is told otherwise
BUSY = 0.8  # share of its time that a core may work: what is left carries the busy moments
SIMULATED, WARMING = 240.0, 40.0  # seconds of a lesson, and those that are not counted
SIZES = (30, 100, 300, 1_000, 3_000, 10_000)


@dataclass(frozen=True)
class Costs:
    """Of one core, in seconds; of memory, in MB; of a frame, in bytes. Measured by app.deploy.measure."""

    tick: float  # of a student's page
    play_tick: float  # of a playground while it trains
    frame: float  # of the stage, streamed
    answer: float
    step: float  # of training, one learner
    server_mb: float
    session_mb: float
    worker_mb: float
    frame_bytes: float


@dataclass(frozen=True)
class Habits:
    """What learners do."""

    every: float = 1.5  # seconds between two ticks of a page
    play_every: float = 0.4  # the same while training
    frames: float = 15.0  # a second while training
    think: float = 120.0  # seconds between two runs, on average
    steps: int = 1_500  # of a run
    arms: int = 2  # learners of a comparison, each in a process of its own
    answers: float = 20.0  # an hour


@dataclass(frozen=True)
class Load:
    """What a simulated replica went through."""

    p95: float  # seconds of a tick
    pages: float  # share of the time that the page's core was busy
    training: float  # the same of the training cores, on average
    waited: float  # seconds that a run waited, on average
    playing: float  # share of the learners that trained or waited for it


class Station:
    """Servers with one queue. Jobs must come in the order of time."""

    def __init__(self, servers: int):
        self.free = [0.0] * servers  # when each is free again
        self.busy = 0.0

    def serve(self, now: float, cost: float) -> float:
        """When a job that comes now is done."""
        done = max(now, heapq.heappop(self.free)) + cost
        heapq.heappush(self.free, done)
        self.busy += cost
        return done


def simulate(learners: int, costs: Costs, habits: Habits, cores: int, seed: int = 0) -> Load:
    """One replica with `cores` for training, through some minutes of a lesson."""
    chance = np.random.default_rng(seed)
    pages, training = Station(1), Station(cores)
    run = habits.steps * costs.step  # of each arm
    busy_tick = costs.play_tick + habits.play_every * habits.frames * costs.frame
    asked = habits.answers / 3600 * costs.answer  # a second
    trains_until = np.zeros(learners)
    ticks, waits = [], []
    events = [(chance.uniform(0, habits.every), who, "tick") for who in range(learners)]
    events += [(chance.exponential(habits.think), who, "run") for who in range(learners)]
    heapq.heapify(events)
    playing, counted = 0.0, (0.0, 0.0)
    warm = False
    while events[0][0] < SIMULATED:
        now, who, kind = heapq.heappop(events)
        if not warm and now >= WARMING:
            warm, counted = True, (pages.busy, training.busy)
        if kind == "run":
            done = max(training.serve(now, run) for _ in range(habits.arms))
            trains_until[who] = done
            heapq.heappush(events, (done + chance.exponential(habits.think), who, "run"))
            if warm:
                waits.append(max(0.0, done - now - run))
                playing += min(done, SIMULATED) - now
            continue
        trains = now < trains_until[who]
        every, cost = (habits.play_every, busy_tick) if trains else (habits.every, costs.tick)
        done = pages.serve(now, cost + every * asked)
        if warm:
            ticks.append(done - now)
        heapq.heappush(events, (done + every, who, "tick"))
    span = SIMULATED - WARMING
    return Load(
        p95=float(np.percentile(ticks, 95)),
        pages=min(1.0, (pages.busy - counted[0]) / span),
        training=min(1.0, (training.busy - counted[1]) / span / cores),
        waited=float(np.mean(waits)) if waits else 0.0,
        playing=playing / span / learners,
    )


def most(costs: Costs, habits: Habits, cores: int) -> int:
    """The most learners whom one replica on so many cores, one of them for pages, serves well; 0 where not even one."""

    def fits(learners: int) -> bool:
        load = simulate(learners, costs, habits, cores - 1)
        return load.p95 < P95_SECONDS and load.pages < BUSY and load.waited < WAIT_SECONDS

    low, high = 0, 1
    while fits(high):
        low, high = high, 2 * high
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


@dataclass(frozen=True)
class Need:
    """What so many learners need, in all and of each; `load` is that of one replica."""

    learners: int
    replicas: int
    cores: int
    gigabytes: float
    writes: float  # a second, of the one database
    connections: int  # kept open to it
    megabits: float  # a second, of streamed frames
    database: float  # share of the time of one writer, which is all that SQLite has
    load: Load


def need(learners: int, each: int, cores: int, costs: Costs, habits: Habits) -> Need:
    """Replicas on `cores` cores with at most `each` learners, and all that comes with them."""
    replicas = math.ceil(learners / each)
    load = simulate(math.ceil(learners / replicas), costs, habits, cores - 1)
    megabytes = replicas * (costs.server_mb + (cores - 1) * costs.worker_mb) + learners * costs.session_mb
    writes = learners * habits.answers / 3600
    megabits = learners * load.playing * habits.frames * costs.frame_bytes * 8 / 1e6
    connections, busy = replicas * CONNECTIONS, writes * costs.answer
    return Need(learners, replicas, replicas * cores, megabytes / 1024, writes, connections, megabits, busy, load)


def price(need: Need, core_hour: float, gb_hour: float) -> float:
    """Of one learner's hour, in the currency of the two prices."""
    return (need.cores * core_hour + need.gigabytes * gb_hour) / need.learners


def gives_way(need: Need) -> str:
    """What is nearest to its limit."""
    load = need.load
    shares = {"pages": load.pages / BUSY, "training": load.waited / WAIT_SECONDS, "database": need.database / BUSY}
    shares["connections"] = need.connections / POSTGRES
    name = max(shares, key=shares.__getitem__)
    return f"{name} ({shares[name]:.0%})"


def read() -> tuple[Costs, dict[str, str]]:
    """The costs that were measured, and where."""
    found = json.loads(MEASURED.read_text(encoding="utf-8"))
    return Costs(**{field.name: found[field.name] for field in fields(Costs)}), found["where"]


def report(costs: Costs, habits: Habits, cores: int, sizes: tuple[int, ...], prices: tuple[float, float]) -> None:
    console = Console(width=120, highlight=False)
    each = most(costs, habits, cores)
    if not each:
        console.print(f"{cores} cores do not serve one such learner well: give more cores, or fewer steps a run.")
        return
    one = need(each, each, cores, costs, habits)
    console.print(
        f"A replica on {cores} cores holds {each} learners: {each / cores:.1f} a core, {each / one.gigabytes:.0f} a GB."
        f" Then pages keep their core busy {one.load.pages:.0%} of the time, 95 % of ticks take less than "
        f"{one.load.p95:.2f} s, and a run waits {one.load.waited:.1f} s. Nearest to its limit: {gives_way(one)}. "
        f"Add a replica at {math.ceil(0.8 * each)} tabs."
    )
    titles = (
        "learners",
        "replicas",
        "cores",
        "GB",
        "writes/s",
        "connections",
        "Mbit/s",
        "an hour of one",
        "nearest to its limit",
    )
    table = Table(*titles, box=None, pad_edge=False)
    for size in sizes:
        wanted = need(size, each, cores, costs, habits)
        cells = (
            size,
            wanted.replicas,
            wanted.cores,
            f"{wanted.gigabytes:.1f}",
            f"{wanted.writes:.1f}",
            wanted.connections,
        )
        last = (f"{wanted.megabits:.1f}", f"{price(wanted, *prices):.4f}", gives_way(wanted))
        table.add_row(*map(str, cells + last))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="How many learners a machine holds, and what they cost.")
    parser.add_argument("--measure", action="store_true", help="measure what they cost on this machine, and keep it")
    parser.add_argument("--learners", type=int, nargs="+", default=SIZES, metavar="N", help="sizes to tell about")
    parser.add_argument("--cores", type=int, default=8, help="cores of one machine, one replica each")
    parser.add_argument("--think", type=float, default=Habits.think, help="seconds between two runs of a learner")
    parser.add_argument("--steps", type=int, default=Habits.steps, help="steps of a run")
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of a core for an hour")
    parser.add_argument("--gb-hour", type=float, default=0.005, help="price of a GB of memory for an hour")
    given = parser.parse_args()
    if min(*given.learners, given.steps, given.cores - 1) < 1 or given.think < 0:
        parser.error("give learners and steps above 0, 2 cores or more, and no negative time.")
    if given.measure:
        from .measure import measure, where

        found = {name: float(f"{value:.3g}") for name, value in asdict(measure()).items()}
        MEASURED.write_text(json.dumps(found | {"where": where()}, indent=1) + "\n", encoding="utf-8")
    costs, place = read()
    print("Measured on " + ", ".join(f"{name} {value}" for name, value in place.items()))
    print(", ".join(f"{name} {value:.4g}" for name, value in asdict(costs).items()))
    habits = replace(Habits(), think=given.think, steps=given.steps)
    report(costs, habits, given.cores, tuple(given.learners), (given.core_hour, given.gb_hour))


if __name__ == "__main__":
    main()
