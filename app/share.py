"""What the controls hold, as data, and as the address of the page: the link is the whole configuration.

    ?v=1&stream=class_digits&tasks=5&rounds=1&dwell=200&levels=1*0.3_4*0.3_16*0.3&with=single_loop&seed=0

Levels are period*rate, with "*kR" for a retention R below 1 and "*p" for a paused one. Changes on the way are
edits=STEP:LEVELS, joined by ~. A designed stream has parts, order and similar: see `design`. Everything is written out,
so that a link keeps its meaning when a default changes. Reading never fails: an unknown or bad value gives one sentence
and the default of its field.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from nested_core import presets
from nested_core.config import (
    STREAMS,
    TASK_LIMITS,
    TEXT_STREAMS,
    ConfigError,
    Edit,
    Level,
    RunConfig,
    StreamConfig,
    run_id,
    whole,
)
from nested_core.phrase import phrase

from .design import Design, read_order
from .query import VERSION, Query

FIELDS = (
    "v",
    "stream",
    "tasks",
    "rounds",
    "dwell",
    "parts",
    "order",
    "similar",
    "nest",
    "levels",
    "edits",
    "with",
    "seed",
    "hide",
)
MAX_EDITS = 30
ORDER_FORM = phrase("write numbers of tasks, joined by _, with *STEPS where a visit has its own")
NO_TEXTS = tuple((name, "to be given. " * 200) for name in ("one", "two"))  # to check a link before the texts come
NESTS = {  # how knowledge passes between levels: variant, optimizer and model of the nested learner; the default first
    False: {
        "independent": ("independent", "least_squares", "mlp"),
        "initial_sgd": ("nested", "sgd", "mlp"),
        "initial_adam": ("nested", "adam", "mlp"),
    },
    True: {
        "initial": ("nested", "adam", "hope"),
        "chain": ("sequential", "adam", "hope"),
        "initial_transformer": ("nested", "adam", "transformer"),
    },
}
HIDEABLE = {  # what a teacher can take out of sight, with hide=NAME_NAME
    "preset": phrase("presets"),
    "stream": phrase("stream"),
    "tasks": phrase("tasks"),
    "rounds": phrase("visits and rounds"),
    "dwell": phrase("steps a visit"),
    "design": phrase("stream designer"),
    "levels": phrase("levels"),
    "with": phrase("comparison"),
    "seed": phrase("seed"),
}
LIMITS = {"rounds": (1, 20), "dwell": (1, 2_000), "seed": (0, 2**31 - 1)}  # those of the controls


@dataclass(frozen=True)
class Choice:
    """What a person chose: the stream, the levels of the nested learner, what it is compared with, the seed, and how
    the levels are changed on the way."""

    kind: str
    tasks: int
    rounds: int
    dwell: int
    levels: tuple[Level, ...]
    baselines: tuple[str, ...]
    seed: int
    edits: tuple[Edit, ...] = ()
    nest: str = ""  # a name of NESTS; "": the default one
    design: Design = field(default_factory=Design)

    @property
    def is_text(self) -> bool:
        return self.kind in TEXT_STREAMS

    def stream(self, texts: tuple[tuple[str, str], ...] = ()) -> StreamConfig:
        """What is learned from; ConfigError where the parts do not fit. texts: of own_text."""
        changes = {"tasks": len(texts), "texts": texts} if self.kind == "own_text" else {"tasks": self.tasks}
        return presets.stream(self.kind, self.rounds, dwell=self.dwell, **changes, **vars(self.design))

    def configs(self, texts: tuple[tuple[str, str], ...] = ()) -> tuple[RunConfig, ...]:
        """One run for each learner, nested first; ConfigError where the parts do not fit."""
        stream = self.stream(texts)
        nested, *baselines = presets.arms(stream)
        variant, optimizer, model = nests(self.is_text)[self.nest]
        nested = replace(nested, levels=self.levels, variant=variant, optimizer=optimizer, model=model)
        learners = [nested, *(arm for arm in baselines if arm.name in self.baselines)]
        configs = [presets.run_config(stream, learner) for learner in learners]
        return replace(configs[0], edits=self.edits), *configs[1:]

    def query(self) -> dict[str, str]:
        """The fields of the link."""
        named = ("rounds", "dwell", "seed") if self.kind == "own_text" else ("tasks", "rounds", "dwell", "seed")
        numbers = {name: str(getattr(self, name)) for name in named}
        return {
            "v": VERSION,
            "stream": self.kind,
            **numbers,
            **self.design.query(),
            **({"nest": self.nest} if self.nest else {}),
            "levels": _told(self.levels),
            **({"edits": "~".join(f"{e.step}:{_told(e.levels)}" for e in self.edits)} if self.edits else {}),
            "with": "_".join(self.baselines) or "none",
        }


@dataclass(frozen=True)
class Wanted:
    """What the controls ask for: one config for each learner, and a seed."""

    configs: tuple[RunConfig, ...]
    seed: int

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names the comparison by its content; own texts make this slow, hence kept."""
        return tuple(run_id(config, self.seed) for config in self.configs)


def nests(is_text: bool) -> dict[str, tuple[str, str, str]]:
    """The ways of this kind of stream, the default one also as ""."""
    ways = NESTS[is_text]
    return {"": next(iter(ways.values())), **ways}


def default(kind: str = "permuted_digits", rounds: int | None = None) -> Choice:
    """What the controls show when nothing was changed."""
    stream = _stream(kind, rounds)
    nested, *baselines = presets.arms(stream)
    names = tuple(arm.name for arm in baselines)
    return Choice(kind, stream.tasks, stream.rounds, stream.dwell, nested.levels, names, 0)


def _stream(kind: str, rounds: int | None) -> StreamConfig:
    """The preset stream; for own texts that of the languages, since the texts are not known here."""
    return presets.stream("languages" if kind == "own_text" else kind, rounds)


def read(given: Mapping[str, str]) -> tuple[Choice, list[str]]:
    """The choice that a link asks for, and a sentence for every part of it that could not be used."""
    query = Query(given, FIELDS)
    kind = given.get("stream", "permuted_digits")
    if kind not in STREAMS:
        streams = ", ".join(STREAMS)
        query.note("stream", phrase("the default stream is shown; choose one of {streams}", streams=streams))
        kind = "permuted_digits"
    if kind == "own_text":
        query.notices.append(phrase("link: texts are never part of a link; give your own below."))
    base = default(kind, query.whole("rounds", *LIMITS["rounds"], None))
    found = replace(
        base,
        tasks=query.whole("tasks", *TASK_LIMITS[kind], base.tasks),
        dwell=query.whole("dwell", *LIMITS["dwell"], base.dwell),
        seed=query.whole("seed", *LIMITS["seed"], base.seed),
        nest=query.one_of("nest", {name: name for name in nests(base.is_text)}, base.nest),
    )
    found = _designed(query, found)
    form, instead = phrase("write period*rate, joined by _"), phrase("the default levels are used")
    found = replace(found, levels=query.made("levels", _levels, form, instead, found.levels))
    unknown = set(filter(None, given.get("hide", "").split("_"))) - HIDEABLE.keys()
    if unknown:
        names = ", ".join(HIDEABLE)
        query.note("hide", phrase("name some of {names}, joined by _; what else is named is hidden", names=names))

    def edited(text: str) -> Choice:
        changed = replace(found, edits=_edits(text))
        usual = replace(changed, design=Design()) if kind == "own_text" else changed
        usual.configs(NO_TEXTS if kind == "own_text" else ())
        return changed

    form, instead = phrase("write step:levels, joined by ~"), phrase("the levels stay as they are")
    found = query.made("edits", edited, form, instead, found)
    if "with" in given:
        baselines = _names(given["with"], base.baselines)
        if baselines is None:
            names = ", ".join(base.baselines)
            query.note("with", phrase("name one or more of {names}, joined by _, or none; all are shown", names=names))
        else:
            found = replace(found, baselines=baselines)
    return found, query.notices


def _designed(query: Query, found: Choice) -> Choice:
    """The choice with the tasks, the order and the similarity of the link, each only where it fits the others."""
    own = found.kind == "own_text"

    def fitting(choice: Choice, **changes: Any) -> Choice:
        changed = replace(choice, design=replace(choice.design, **changes))
        if not (own and changed.design.order):  # how many texts there will be is not known here
            changed.stream(NO_TEXTS if own else ())
        return changed

    def named(text: str) -> Choice:
        parts = tuple(text.split("_"))
        return fitting(replace(found, tasks=len(parts)), parts=parts)

    form, instead = phrase("name tasks, joined by _"), phrase("the usual tasks are used")
    found = query.made("parts", named, form, instead, found)

    def alike(text: str) -> Choice:
        whole("similar", int(text), 0, 100)
        return fitting(found, similarity=int(text) / 100)

    form, instead = phrase("give a whole number from 0 to 100"), phrase("the tasks are independent")
    found = query.made("similar", alike, form, instead, found)

    def ordered(text: str) -> Choice:
        order, dwells = read_order(text, found.dwell)
        return fitting(found, order=order, dwells=dwells)

    return query.made("order", ordered, ORDER_FORM, phrase("the tasks are visited in turn"), found)


def _told(levels: tuple[Level, ...]) -> str:
    return "_".join(
        f"{x.period}*{x.rate:g}" + f"*k{x.retention:g}" * (x.retention < 1) + "*p" * x.paused for x in levels
    )


def _edits(text: str) -> tuple[Edit, ...]:
    parts = [part.split(":") for part in text.split("~")]
    if len(parts) > MAX_EDITS:
        raise ConfigError(phrase("give at most {most} changes", most=MAX_EDITS))
    return tuple(Edit(int(step), _levels(levels)) for step, levels in parts)


def _levels(text: str) -> tuple[Level, ...]:
    levels = []
    for part in text.split("_"):
        period, rate, *rest = part.split("*")
        paused = rest[-1:] == ["p"]
        kept = rest[: len(rest) - paused] or ["k1"]
        if len(kept) > 1 or not kept[0].startswith("k"):
            raise ValueError(part)
        levels.append(Level(int(period), float(rate), paused, float(kept[0][1:])))
    if len(levels) > 8:
        raise ConfigError(phrase("give 1 to 8 levels"))
    if len({x.period for x in levels}) < len(levels):
        raise ConfigError(phrase("give every level another period"))
    return tuple(sorted(levels, key=lambda x: x.period))


def _names(text: str, known: tuple[str, ...]) -> tuple[str, ...] | None:
    """The learners named in `text`, in their order; None if it holds anything else."""
    rest, found = "" if text == "none" else text, []
    while rest:
        name = next((n for n in known if rest == n or rest.startswith(n + "_")), None)
        if name is None or name in found:
            return None
        found.append(name)
        rest = rest[len(name) + 1 :]
    return tuple(n for n in known if n in found)
