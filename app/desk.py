"""What one browser tab has in view: a comparison, live or recorded, the step that is looked at, and its changes."""

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from nested_core.config import Edit, Level, RunConfig
from nested_core.phrase import phrase
from nested_core.trace import Trace, TraceError

from . import samples
from .band import Band
from .engine.engine import Engine
from .opened import load
from .playhead import Playhead
from .recording import Recording
from .runner import Comparison
from .share import Choice, Wanted

REPLAY_SECONDS = 8.0  # that a replay of all steps takes
TABS = itertools.count(1)
KEPT = 8  # comparisons that a tab remembers
GOES_ON = ("paused", "running", "starting", "waiting", "catching up")  # what Run can go on with


class Desk:
    """The comparison in view in one tab, live or recorded, and the step of it that is looked at."""

    def __init__(self, engine: Engine):
        self.engine, self.owner = engine, f"tab {next(TABS)}"  # its runs share the processors as one
        self.show: Comparison | Recording | None = None
        self.key: tuple[str, ...] = ()
        self.fresh = True  # nothing was run or opened here yet
        self.head = Playhead()
        self.band: Band | None = None  # the same comparison on several seeds
        self.past: list[list[Trace]] = []  # what was in view before, the latest last
        self.before: list[tuple[tuple[RunConfig, ...], int, list[Trace]]] = []  # what was in view before each change

    # time

    @property
    def recorded(self) -> int:
        """Steps that every learner in view has done."""
        return self.show.cursor if self.show else 0

    @property
    def position(self) -> int:
        """The step that is looked at."""
        return self.head.position(self.recorded)

    @property
    def busy(self) -> bool:
        """Whether the picture is about to change."""
        return self.show is not None and (self.show.busy or self.head.moving(self.recorded))

    def view(self) -> list[Trace]:
        """The traces of all learners up to the step that is looked at; empty before they have begun."""
        at = self.position
        return [trace.until(at) for trace in self.show.view()] if self.show else []

    def stops(self, by: str) -> Sequence[int]:
        """Where the cursor can stop: at every step, where the slowest level's windows end, or visits to a task."""
        if by == "visit" and self.live:
            return (0, *self.live.configs[0].stream.ends)
        traces = self.show.view() if self.show else []
        if by == "step" or not traces:
            return range(self.show.total + 1 if self.show else 2)
        if by == "window":
            every = max(x["period"] for trace in traces for x in trace.levels if x["per"] == "step")
            return range(0, self.show.total + every, every)
        return [0, *(end for _, _, end in traces[0].visits())]

    def replay(self) -> None:
        """Show what was recorded again, from where the cursor stands, in eight seconds for all of it."""
        self.head.play(self.recorded, max(5.0, self.show.total / REPLAY_SECONDS))

    def back(self, by: str = "step") -> None:
        stops = self.stops(by)
        self.head.jump(stops[max(0, bisect_left(stops, self.position) - 1)], self.recorded)

    def jump(self, step: int) -> None:
        self.head.jump(step, self.recorded)

    def greet(self, wanted: "Wanted | None") -> None:
        """On a first visit: the shipped recording of the wanted run, moving."""
        if not self.fresh or wanted is None or wanted.key == self.key:
            return
        traces = samples.find(wanted.key)
        self.show = Recording(traces, phrase("a recording of this very run")) if traces else None
        self.key = wanted.key
        if traces:
            self.replay()

    # training

    @property
    def live(self) -> Comparison | None:
        return self.show if isinstance(self.show, Comparison) else None

    def matches(self, wanted: Wanted | None) -> bool:
        """Whether the live comparison is the one that the controls ask for (or they ask for nothing usable)."""
        return self.live is not None and (wanted is None or wanted.key == self.key)

    def resumable(self, wanted: Wanted | None) -> bool:
        return self.matches(wanted) and self.show.status in GOES_ON

    # several seeds

    def start_band(self, wanted: Wanted, count: int) -> None:
        self.stop_band()
        self.band = Band(self.engine, wanted.configs, range(wanted.seed, wanted.seed + count), self.owner)

    def stop_band(self) -> None:
        if self.band:
            self.band.stop()
        self.band = None

    # changes on the way

    def change(self, wanted: Wanted) -> bool:
        """Take new levels into the run in view, without a start from zero: whether that can be done, and was.

        While it trains, or stands at its end, they hold from the next step on. The run as it was can be had back.
        """
        if not self._differs_in_levels(wanted) or self.position < self.recorded or self.show.status not in GOES_ON:
            return False
        if wanted.configs[0].learner.levels == self.show.levels:
            self.key = wanted.key
        if wanted.key == self.key:
            return True
        self.before.append((self.show.configs, self.show.seed, self.show.view()))
        self.show.edit(wanted.configs[0].learner.levels)
        self.key = wanted.key
        return True

    def can_fork(self, wanted: Wanted | None) -> bool:
        """Whether the run could be told again from the step that is looked at, with the levels now chosen."""
        return (
            wanted is not None
            and 0 < self.position < self.show.total
            and self._differs_in_levels(wanted)
            and wanted.key != self.key
        )

    def fork(self, wanted: Wanted) -> None:
        """Go on from the step that is looked at with other levels. What was there stays as a ghost."""
        old, at = self.show, self.position
        first, *others = old.configs
        kept = tuple(edit for edit in first.edits if edit.step < at)
        first = replace(first, edits=(*kept, Edit(at, wanted.configs[0].learner.levels)))
        shown = self.view()
        self.before.append((old.configs, old.seed, old.view()))
        self._put((first, *others), old.seed, shown)
        self.key = wanted.key
        self.show.play()

    def undo(self) -> tuple[Level, ...]:
        """Have the run back as it was before the last change; returns the levels at its end."""
        configs, seed, traces = self.before.pop()
        self._put(configs, seed, traces)
        self.key = ()
        return self.show.levels

    def told(self, choice: Choice) -> Choice:
        """The choice with the changes that were made on the way, so that its link gives the run in view again."""
        if self.live is None or self.live.levels != choice.levels or not self.live.configs[0].edits:
            return choice
        first = self.live.configs[0]
        return replace(choice, levels=first.learner.levels, edits=first.edits)

    @property
    def ghosts(self) -> list[Trace]:
        """The traces before the last change, where they tell of more steps than the change left standing."""
        traces = self.before[-1][2] if self.before else []
        return [trace for trace in traces if self.live and trace.steps > self.live.edited]

    def _differs_in_levels(self, wanted: Wanted) -> bool:
        """Whether the live run differs from the wanted one in the first learner's levels at most, not in number."""
        if self.live is None or wanted is None or len(wanted.configs) != len(self.live.configs):
            return False
        ours, theirs = self.live.configs, wanted.configs
        levels = ours[0].learner.levels
        alike = replace(theirs[0], edits=(), learner=replace(theirs[0].learner, levels=levels))
        return (
            self.live.seed == wanted.seed
            and len(levels) == len(theirs[0].learner.levels)
            and (alike, *theirs[1:]) == (replace(ours[0], edits=()), *ours[1:])
        )

    def _put(self, configs: tuple[RunConfig, ...], seed: int, shown: list[Trace]) -> None:
        self.show.close()
        self.show = Comparison(self.engine, configs, seed, shown, self.owner)
        self.head.follow()

    def _begin(self, wanted: Wanted | None) -> bool:
        if self.resumable(wanted):
            return True
        if wanted is None:
            return False
        self.reset()
        self.show, self.key = Comparison(self.engine, wanted.configs, wanted.seed, owner=self.owner), wanted.key
        return True

    def run(self, wanted: Wanted | None, rate: float) -> None:
        """Go on with the comparison in view, from its end, or begin the wanted one."""
        if self._begin(wanted):
            self.head.follow()
            self.show.set_rate(rate)
            self.show.play()

    def step(self, wanted: Wanted | None, by: str = "step") -> None:
        """On to the next stop: in what was recorded, and from its end by training."""
        if self.show and self.position < self.recorded:
            self.head.jump(self._next(by)(self.position), self.recorded)
        elif not (self.matches(wanted) and self.show.status == "finished") and self._begin(wanted):
            self.show.step(self._next(by))

    def _next(self, by: str) -> Callable[[int], int]:
        """From a step to the next stop after it."""
        stops = self.stops(by)
        return lambda at: stops[min(bisect_right(stops, at), len(stops) - 1)]

    def pause(self) -> None:
        self.head.stop(self.recorded)
        if self.live:
            self.show.pause()

    def reset(self) -> None:
        """Clear the view and stop what trains behind it."""
        if self.show:
            traces = [] if self.fresh else self.show.view()
            if traces and traces[0].steps:
                self.past = [*self.past[1 - KEPT :], traces]
            self.show.close()
        self.show, self.key, self.fresh, self.before = None, (), False, []
        self.head.follow()

    def close(self) -> None:
        """Stop everything that trains for this tab."""
        self.stop_band()
        self.reset()

    def open(self, files) -> None:
        """Put opened trace files in view; TraceError leaves everything as it was."""
        traces = [load(file) for file in files]
        first = traces[0]
        for file, trace in zip(files, traces, strict=True):
            same = (trace.tasks, trace.meta["steps"], trace.unit) == (first.tasks, first.meta["steps"], first.unit)
            if not same:
                raise TraceError(
                    phrase(
                        "{name}: recorded on another stream than {first}; open traces of one stream together.",
                        name=file.name,
                        first=files[0].name,
                    )
                )
        self.reset()
        names = ", ".join(file.name for file in files)
        self.show = Recording(traces, phrase("opened from {files}", files=names))
