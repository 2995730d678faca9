"""A run in data: what is learned from (StreamConfig), by whom (LearnerConfig), on which clocks (Level).

All are frozen and check themselves: a bad value raises `ConfigError` with one sentence naming the field, the value and
the fix. `to_dict` and `from_dict` are each other's inverse; `run_id` names a run by its content.
"""

import dataclasses
import hashlib
import json
import reprlib
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeVar

from .phrase import Phrase, phrase

ENGINE = 1  # raise it when the same config no longer gives the same numbers
MAX_STEPS = 20_000
MAX_TEXT_BYTES = 5 * 2**20
MIN_TEXT_CHARACTERS = 2_000
TEXT_STREAMS = ("languages", "own_text")
STREAMS = ("permuted_digits", "class_digits", *TEXT_STREAMS)
TASK_LIMITS = {"permuted_digits": (2, 10), "class_digits": (2, 10), "languages": (2, 6), "own_text": (2, 10)}
MAX_VISITS = 500
PARTS = {  # what a task of a stream can be, as the fix of an error
    "permuted_digits": phrase("give numbers of pixel orders from 1 (as written) to 10"),
    "class_digits": phrase("give the classes of each task as digits, such as 27"),
    "languages": phrase("give English, Python, or cipher 1 to cipher 6"),
    "own_text": phrase("give none: own texts are the tasks"),
}
MODELS = ("mlp", "hope", "transformer")
OPTIMIZERS = ("sgd", "adam", "least_squares")
VARIANTS = ("single", "independent", "nested", "sequential")


class ConfigError(ValueError):
    """A value that cannot be used: one sentence naming field, value and fix, fit to be shown to a person."""


def unusable(field: str, value: object, fix: str) -> ConfigError:
    """The error for such a value. Its sentence is a Phrase; of `field`, `value` and `fix`, those are that can be."""
    shown = Phrase("{value!r}", value=value) if isinstance(value, Phrase) else reprlib.repr(value)
    return ConfigError(phrase("{field}: {value} cannot be used; {fix}.", field=field, value=shown, fix=fix))


def check(ok: bool, field: str, value: object, fix: str) -> None:
    """Raise the error for this value unless it is `ok`. Where it is checked often, a fix with numbers in it is better
    made only when it is needed, as below."""
    if not ok:
        raise unusable(field, value, fix)


def whole(field: str, value: object, low: int, high: int) -> None:
    ok = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if not ok:
        raise unusable(field, value, phrase("give a whole number from {low} to {high}", low=low, high=high))


def number(field: str, value: object, low: float, high: float) -> None:
    ok = isinstance(value, int | float) and not isinstance(value, bool) and low < value <= high
    if not ok:
        raise unusable(field, value, phrase("give a number above {low:g} and at most {high:g}", low=low, high=high))


def one_of(field: str, value: object, allowed: tuple[str, ...]) -> None:
    if not (isinstance(value, str) and value in allowed):
        raise unusable(field, value, phrase("choose one of {names}", names=", ".join(allowed)))


def check_heads(d_model: Any, n_heads: Any, per: int = 1) -> None:
    """ConfigError unless heads share the width equally; their own width is a multiple of `per`."""
    whole("d_model", d_model, 1, 8192)
    whole("n_heads", n_heads, 1, 256)
    share = f"d_model = {d_model}" if per == 1 else f"d_model / {per} = {d_model / per:g}"
    check(d_model % (per * n_heads) == 0, "n_heads", n_heads, phrase("give a divisor of {number}", number=share))


def check_periods(periods: Any) -> None:
    """ConfigError unless these are the periods of a continuum memory, fast to slow."""
    check(isinstance(periods, tuple) and len(periods) > 0, "periods", periods, phrase("give a tuple of whole numbers"))
    for period in periods:
        whole("periods", period, 1, 2**31)
    check(list(periods) == sorted(periods), "periods", periods, phrase("order them from fast (small) to slow"))


@dataclass(frozen=True)
class Level:
    """One memory of a learner and its clock, called by its period ("every 8"), never by an index.

    period  steps between its writes
    rate    size of a write: the step size of its optimizer; for a slower level of a nested learner, the fraction of
            the way that it moves toward the next faster level
    paused  a paused level never writes
    retention  what part of its weights a level keeps at each of its writes, before what it adds; 1 keeps everything.
               Known as weight decay (toward zero), decoupled from the optimizer: theta <- retention theta + write
    """

    period: int
    rate: float
    paused: bool = False
    retention: float = 1.0

    def __post_init__(self) -> None:
        whole("period", self.period, 1, MAX_STEPS)
        number("rate", self.rate, 0, 100)
        check(isinstance(self.paused, bool), "paused", self.paused, phrase("give true or false"))
        number("retention", self.retention, 0, 1)

    @property
    def name(self) -> str:
        return f"every {self.period}"


@dataclass(frozen=True)
class LearnerConfig:
    """A model, its levels from fast to slow, and how knowledge passes between them.

    variant  "single": one level, one clock. "independent": every level is an MLP block of its own and the answers are
             averaged (eq. 74). "nested": slower levels hold the initial state of the faster ones (eq. 72).
             "sequential": a chain of MLP blocks inside Hope, each written on its own clock (eq. 70, 71).
    width    hidden units of the MLP, all blocks together; on text, the model width d
    damping  of the least-squares memory of inputs; smaller protects old inputs more
    """

    name: str
    model: str
    optimizer: str
    variant: str
    levels: tuple[Level, ...]
    width: int = 384
    layers: int = 2
    heads: int = 2
    chunk: int = 32
    damping: float = 0.1

    def __post_init__(self) -> None:
        ok = isinstance(self.name, str) and 0 < len(self.name) <= 40
        check(ok, "name", self.name, phrase("give 1 to 40 characters"))
        one_of("model", self.model, MODELS)
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("variant", self.variant, VARIANTS)
        check(
            isinstance(self.levels, tuple) and all(isinstance(x, Level) for x in self.levels),
            "levels",
            self.levels,
            phrase("give a tuple of Level"),
        )
        check(1 <= len(self.levels) <= 8, "levels", len(self.levels), phrase("give 1 to 8 levels"))
        periods = [x.period for x in self.levels]
        ok = periods == sorted(set(periods))
        check(ok, "levels.period", periods, phrase("give different periods, fastest first"))
        ok = self.variant != "single" or len(periods) == 1
        check(ok, "levels", len(periods), phrase("a single loop has one level"))
        whole("width", self.width, 8, 1024)
        whole("layers", self.layers, 1, 8)
        whole("heads", self.heads, 1, 16)
        whole("chunk", self.chunk, 1, 1024)
        number("damping", self.damping, 0, 1e6)
        ok = self.model == "mlp" or self.width % self.heads == 0
        check(ok, "heads", self.heads, phrase("give a divisor of {number}", number=self.width))
        check(
            self.variant != "independent" or self.model == "mlp",
            "variant",
            self.variant,
            phrase("independent levels need the model mlp, not {model}", model=self.model),
        )
        check(
            self.variant != "sequential" or self.model == "hope",
            "variant",
            self.variant,
            phrase("sequential levels need the model hope, not {model}", model=self.model),
        )
        check(
            (self.optimizer == "least_squares") == (self.variant == "independent"),
            "optimizer",
            self.optimizer,
            phrase("least_squares belongs to independent levels, and they to it"),
        )
        if self.variant == "nested":
            for x in self.levels[1:]:
                if x.rate > 1:
                    level = phrase("every {period}", period=x.period)
                    fix = phrase("level {level} moves a fraction of the way: give at most 1", level=level)
                    raise unusable("rate", x.rate, fix)


@dataclass(frozen=True)
class StreamConfig:
    """What is learned from. The stream visits its tasks in order, `dwell` steps each, `rounds` times over.

    batch       samples (digits) or sequences (text) a step
    length      characters a sequence, on text
    texts       for "own_text": (name, text) of each task
    parts       what each task is: see PARTS; () leaves it to the seed (classes) or takes the first ones
    order       the visits of a round as places in the tasks, from 0; () visits each task once
    dwells      steps of each visit of a round, where they differ; () stays `dwell` steps at each
    similarity  of a further task to the first: part of the pixels that stay in place, or of the letters that a cipher
                leaves alone. 0: independent; 1: the same task again
    """

    kind: str = "permuted_digits"
    tasks: int = 5
    rounds: int = 1
    dwell: int = 300
    batch: int = 32
    length: int = 128
    texts: tuple[tuple[str, str], ...] = ()
    parts: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    dwells: tuple[int, ...] = ()
    similarity: float = 0.0

    def __post_init__(self) -> None:
        one_of("kind", self.kind, STREAMS)
        low, high = TASK_LIMITS[self.kind]
        if self.kind == "class_digits" and isinstance(self.tasks, int):
            check(self.tasks <= high, "tasks", self.tasks, phrase("10 classes allow at most {most} tasks", most=high))
        whole("tasks", self.tasks, low, high)
        whole("rounds", self.rounds, 1, 100)
        whole("dwell", self.dwell, 1, MAX_STEPS)
        self._check_design()
        fix = phrase("{steps} steps in all; stay within {most}", steps=self.steps, most=MAX_STEPS)
        check(self.steps <= MAX_STEPS, "dwell", self.dwell, fix)
        whole("batch", self.batch, 1, 256)
        whole("length", self.length, 8, 1024)
        ok = isinstance(self.texts, tuple)
        check(ok, "texts", type(self.texts).__name__, phrase("give a tuple of (name, text) pairs"))
        if self.kind == "own_text":
            fix = phrase("give one text for each of {tasks} tasks", tasks=self.tasks)
            check(len(self.texts) == self.tasks, "texts", len(self.texts), fix)
            for pair in self.texts:
                check(
                    isinstance(pair, tuple) and len(pair) == 2 and all(isinstance(x, str) for x in pair),
                    "texts",
                    type(pair).__name__,
                    phrase("give (name, text) pairs of strings"),
                )
                check_text(*pair)
        else:
            check(not self.texts, "texts", len(self.texts), phrase("only the stream own_text takes texts"))

    def _check_design(self) -> None:
        """ConfigError unless parts, order, dwells and similarity fit the rest."""
        for name in ("parts", "order", "dwells"):
            check(isinstance(getattr(self, name), tuple), name, getattr(self, name), phrase("give a tuple"))
        for part in self.parts:
            good = isinstance(part, str) and _is_part(self.kind, part)
            check(good, "parts", part, PARTS[self.kind])
        fix = phrase("name {tasks} tasks, or none", tasks=self.tasks)
        check(len(self.parts) in (0, self.tasks), "parts", self.parts, fix)
        check(len(set(self.parts)) == len(self.parts), "parts", self.parts, phrase("name every task once"))
        for place in self.order:
            whole("order", place, 0, self.tasks - 1)
        missing = sorted(set(range(self.tasks)) - set(self.order)) if self.order else []
        fix = phrase("visit every task; task {tasks} is missing", tasks=[m + 1 for m in missing][:1])
        check(not missing, "order", self.order, fix)
        visits = (len(self.order) or self.tasks) * self.rounds
        held = phrase("{visits} visits", visits=visits)
        check(visits <= MAX_VISITS, "order", held, phrase("stay within {most}", most=MAX_VISITS))
        for steps in self.dwells:
            whole("dwells", steps, 1, MAX_STEPS)
        count = len(self.order) or self.tasks
        fix = phrase("give one for each of {visits} visits, or none", visits=count)
        check(len(self.dwells) in (0, count), "dwells", self.dwells, fix)
        at = self.similarity
        ok = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= 1
        check(ok, "similarity", at, phrase("give a number from 0 to 1"))
        alike = at == 0 or self.kind in ("permuted_digits", "languages")
        fix = phrase("only reordered pixels and enciphered languages have one; give 0")
        check(alike, "similarity", at, fix)

    @cached_property
    def visits(self) -> tuple[tuple[int, int], ...]:
        """(task, steps) of every visit, in order."""
        order = self.order or tuple(range(self.tasks))
        return tuple(zip(order, self.dwells or (self.dwell,) * len(order), strict=True)) * self.rounds

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """The last step of every visit, counted from 1."""
        return tuple(accumulate(steps for _, steps in self.visits))

    @property
    def steps(self) -> int:
        return self.ends[-1]

    @property
    def is_text(self) -> bool:
        return self.kind in TEXT_STREAMS


def _is_part(kind: str, part: str) -> bool:
    """Whether this names a task of such a stream."""
    if kind == "permuted_digits":
        return part in {str(number) for number in range(1, 11)}
    if kind == "class_digits":
        return part.isascii() and part.isdigit() and len(set(part)) == len(part)
    return part in {"English", "Python", *(f"cipher {number}" for number in range(1, 7))} and kind == "languages"


def check_text(name: str, text: str) -> None:
    """Raise ConfigError unless `text` is long and varied enough to be a task."""
    size, label = len(text), phrase("text {name!r}", name=name)
    held = phrase("{size} characters", size=size)
    least = phrase("give at least {least:,}, so that some can be held out for testing", least=MIN_TEXT_CHARACTERS)
    check(size >= MIN_TEXT_CHARACTERS, label, held, least)
    check(len(text.encode("utf-8", "replace")) <= MAX_TEXT_BYTES, label, held, phrase("stay within 5 MB"))
    alike = phrase("one repeated character")
    check(len(set(text)) > 1, label, alike, phrase("give a text with at least two different ones"))


def decode_text(name: str, data: bytes) -> str:
    """The text of a file, or ConfigError for one that is too large, not UTF-8, binary or too short."""
    label = phrase("text {name!r}", name=name)
    check(len(data) <= MAX_TEXT_BYTES, label, f"{len(data) / 2**20:.1f} MB", phrase("stay within 5 MB a file"))
    check(b"\0" not in data, label, phrase("a binary file"), phrase("give plain text saved as UTF-8"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            phrase(
                "{text}: byte {at} is not UTF-8; save the file as UTF-8 text and give it again.",
                text=label,
                at=error.start,
            )
        ) from None
    check_text(name, text)
    return text


@dataclass(frozen=True)
class Edit:
    """A change of the levels during a run: once `step` steps are learned, they are these."""

    step: int
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        whole("edits.step", self.step, 0, MAX_STEPS)
        ok = isinstance(self.levels, tuple) and all(isinstance(x, Level) for x in self.levels)
        check(ok, "edits.levels", self.levels, phrase("give a tuple of Level"))


@dataclass(frozen=True)
class RunConfig:
    """One run but for its seed.

    probe_every  steps between tests on the held-out data of every task
    edits        changes of the levels on the way, in order; there are always as many levels as at the start
    """

    stream: StreamConfig
    learner: LearnerConfig
    probe_every: int = 10
    edits: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        for name, kind in (("stream", StreamConfig), ("learner", LearnerConfig)):
            given = getattr(self, name)
            fix = phrase("give a {kind}", kind=kind.__name__)
            check(isinstance(given, kind), name, type(given).__name__, fix)
        needs = phrase("the stream {stream} needs mlp", stream=self.stream.kind)
        if self.stream.is_text:
            needs = phrase("the stream {stream} needs hope or transformer", stream=self.stream.kind)
        check((self.learner.model != "mlp") == self.stream.is_text, "model", self.learner.model, needs)
        whole("probe_every", self.probe_every, 1, MAX_STEPS)
        ok = isinstance(self.edits, tuple) and all(isinstance(x, Edit) for x in self.edits)
        check(ok, "edits", self.edits, phrase("give a tuple of Edit"))
        steps = [edit.step for edit in self.edits]
        check(steps == sorted(steps), "edits.step", steps, phrase("order them by step"))
        count = len(self.learner.levels)
        for edit in self.edits:
            fix = phrase("give {count}, as at the start", count=count)
            check(len(edit.levels) == count, "edits.levels", len(edit.levels), fix)
            dataclasses.replace(self.learner, levels=edit.levels)  # must be a learner too


def to_dict(config: RunConfig | LearnerConfig | StreamConfig | Level | Edit) -> dict[str, Any]:
    """A config as plain JSON values."""
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return plain


Config = TypeVar("Config", Level, Edit, StreamConfig, LearnerConfig, RunConfig)


def _build(kind: type[Config], data: Any, field: str) -> Config:
    check(isinstance(data, dict), field, type(data).__name__, phrase("give an object with named fields"))
    known = {f.name: f for f in dataclasses.fields(kind)}
    fix = phrase("remove it; known fields are {names}", names=", ".join(known))
    for name in data:
        check(name in known, f"{field}.{name}", data[name], fix)
    missing = [n for n, f in known.items() if f.default is dataclasses.MISSING and n not in data]
    check(not missing, field, sorted(data), phrase("add {names}", names=", ".join(missing)))
    return kind(**data)


def _levels(data: Any, field: str) -> tuple[Level, ...]:
    check(isinstance(data, list | tuple), field, data, phrase("give a list of levels"))
    return tuple(_build(Level, x, field) for x in data)


def from_dict(data: Any) -> RunConfig:
    """The RunConfig that `to_dict` wrote; ConfigError names what is wrong with any other input."""
    check(isinstance(data, dict), "config", type(data).__name__, phrase("give an object with stream and learner"))
    for part in ("stream", "learner"):
        check(isinstance(data.get(part), dict), part, data.get(part), phrase("give an object with named fields"))
    stream, learner = dict(data["stream"]), dict(data["learner"])
    texts = stream.get("texts", ())
    check(isinstance(texts, list | tuple), "stream.texts", texts, phrase("give a list of [name, text] pairs"))
    stream["texts"] = tuple(tuple(x) if isinstance(x, list) else x for x in texts)
    for name in ("parts", "order", "dwells"):
        given = stream.get(name, ())
        check(isinstance(given, list | tuple), f"stream.{name}", given, phrase("give a list"))
        stream[name] = tuple(given)
    learner["levels"] = _levels(learner.get("levels", ()), "learner.levels")
    rest = {k: v for k, v in data.items() if k not in ("stream", "learner")}
    edits = rest.get("edits", ())
    check(isinstance(edits, list | tuple), "edits", edits, phrase("give a list of edits"))
    check(all(isinstance(x, dict) for x in edits), "edits", edits, phrase("give objects with step and levels"))
    made = [{**x, "levels": _levels(x.get("levels", ()), "edits.levels")} for x in edits]
    rest["edits"] = tuple(_build(Edit, x, "edits") for x in made)
    parts = {"stream": _build(StreamConfig, stream, "stream"), "learner": _build(LearnerConfig, learner, "learner")}
    return _build(RunConfig, {**parts, **rest}, "config")


def run_id(config: RunConfig, seed: int) -> str:
    """A name for the run that is the same wherever its content is the same."""
    content = json.dumps([ENGINE, seed, to_dict(config)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]
