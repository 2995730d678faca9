"""A lesson: facts taught to every rule token by token, with noise between them, and what can be read from it.

The read-out is a sum over the past. Written as M_t = M_{t-1} A_t + u_t k_t^T with A_t = keep - erase k_t k_t^T, a
question q is answered at time T by

    M_T q = M_0 A_1 ... A_T q + sum_t u_t (k_t . A_{t+1} ... A_T q)

so what each token's write gives to the answer, after all later writes have faded and erased it, is exact: one pass
back in time that carries q along. All arrays are float64; T tokens, F facts, d numbers of a vector.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nested_core.config import check, whole
from nested_core.phrase import phrase

from . import words
from .facts import MAX_FACTS, Fact
from .facts import words as spelled
from .rules import RULES, Rule, Write, apply

SIZES = (8, 16, 32)
RETENTIONS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0)  # to choose from
ALIKE = (None, 0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)
SHARPNESS = 8.0  # of the softmax that turns read-outs into a confidence


@dataclass(frozen=True)
class Setting:
    """What is taught, and how.

    size       numbers of a word's vector; the memory is size x size
    step       eta of a fact's write; retention: alpha, what is left of everything after a token
    gap        noise tokens between two facts; distance: after the last one
    noise      eta of a noise token, as a share of `step`
    alike      cosine of the first two keys; None leaves them as their words are
    """

    facts: tuple[Fact, ...]
    size: int = 32
    step: float = 1.0
    retention: float = 0.998
    gap: int = 2
    distance: int = 200
    noise: float = 0.1
    alike: float | None = None

    def __post_init__(self) -> None:
        most, sizes = phrase("teach 1 to {most} facts", most=MAX_FACTS), ", ".join(map(str, SIZES))
        check(1 <= len(self.facts) <= MAX_FACTS, phrase("facts"), len(self.facts), most)
        check(self.size in SIZES, "size", self.size, phrase("choose one of {names}", names=sizes))
        check(0 < self.step <= 1, "step", self.step, phrase("give a number above 0 and at most 1"))
        check(0.5 <= self.retention <= 1, "retention", self.retention, phrase("give a number from 0.5 to 1"))
        check(0 <= self.noise <= 1, "noise", self.noise, phrase("give a number from 0 to 1"))
        alike = self.alike is None or 0 <= self.alike <= 1
        check(alike, "alike", self.alike, phrase("give a number from 0 to 1, or nothing"))
        whole("gap", self.gap, 0, 20)
        whole("distance", self.distance, 0, 400)


@dataclass(frozen=True)
class Run:
    """One rule's way through the lesson. `read` [T + 1, F, d]: its answer to every fact's key, before and after."""

    rule: Rule
    writes: tuple[Write, ...]
    error: np.ndarray  # [T, 2] |v - M k| of the token's own pair, before and after its write
    moved: np.ndarray  # [T] |change| / |M after|
    size: np.ndarray  # [T + 1] |M|
    read: np.ndarray


@dataclass(frozen=True)
class Lesson:
    """Everything that was taught: token t writes values[t] onto keys[t]; `fact[t]` says which fact, -1 is noise."""

    setting: Setting
    pairs: tuple[tuple[str, str], ...]
    keys: np.ndarray  # [T, d]
    values: np.ndarray  # [T, d]
    eta: np.ndarray  # [T]
    fact: np.ndarray  # [T]
    questions: np.ndarray  # [F, d] the keys of the facts
    names: tuple[str, ...]  # everything that the memory can answer with
    vectors: np.ndarray  # [names, d]
    runs: tuple[Run, ...] = ()

    @property
    def steps(self) -> int:
        return len(self.pairs)

    def right(self, fact: int, step: int) -> str:
        """The value taught last under this fact's key, after `step` tokens; "" if none was."""
        facts = self.setting.facts
        asked = spelled(facts[fact].key)
        told = [i for i in self.fact[:step] if i >= 0 and spelled(facts[i].key) == asked]
        return facts[told[-1]].value if told else ""

    def question(self, text: str) -> np.ndarray:
        """The vector of a question: that of the fact with this key, if there is one."""
        for i, fact in enumerate(self.setting.facts):
            if fact.key == text:
                return self.questions[i]
        return words.phrase(text, self.setting.size)


@lru_cache(maxsize=16)
def teach(setting: Setting) -> Lesson:
    """The whole lesson, for every rule. The same setting gives the same numbers."""
    d, facts = setting.size, setting.facts
    keys = [words.phrase(fact.key, d) for fact in facts]
    if setting.alike is not None and len(keys) > 1:
        keys[1] = words.turned(keys[1], keys[0], setting.alike)
    rest = iter(words.noise(0, setting.gap * (len(facts) - 1) + setting.distance))
    tokens = []  # (fact or -1, key, value, vectors)
    for i, fact in enumerate(facts):
        tokens.append((i, fact.key, fact.value, keys[i]))
        for _ in range(setting.gap if i + 1 < len(facts) else setting.distance):
            key, value = next(rest)
            tokens.append((-1, key, value, words.phrase(key, d)))
    names = tuple(dict.fromkeys([fact.value for fact in facts] + words.NOISE))
    which = np.array([i for i, *_ in tokens])
    lesson = Lesson(
        setting,
        tuple((key, value) for _, key, value, _ in tokens),
        np.stack([k for *_, k in tokens]),
        np.stack([words.phrase(value, d) for _, _, value, _ in tokens]),
        np.where(which >= 0, 1.0, setting.noise) * setting.step,
        which,
        np.stack(keys),
        names,
        np.stack([words.phrase(name, d) for name in names]),
    )
    runs = tuple(follow(lesson, rule) for rule in RULES)
    return Lesson(**{**vars(lesson), "runs": runs})


def follow(lesson: Lesson, rule: Rule) -> Run:
    """Let one rule write every token."""
    M, T = rule.start(lesson.setting.size), lesson.steps
    writes, error, moved = [], np.zeros((T, 2)), np.zeros(T)
    size, read = np.zeros(T + 1), np.zeros((T + 1, *lesson.questions.shape))
    size[0], read[0] = np.linalg.norm(M), lesson.questions @ M.T
    for t, (k, v, eta) in enumerate(zip(lesson.keys, lesson.values, lesson.eta, strict=True)):
        write = rule.write(M, v, eta, lesson.setting.retention)
        after = apply(M, k, write)
        error[t] = np.linalg.norm(v - M @ k), np.linalg.norm(v - after @ k)
        size[t + 1], read[t + 1] = np.linalg.norm(after), lesson.questions @ after.T
        moved[t] = np.linalg.norm(after - M) / size[t + 1] if size[t + 1] else 0.0
        writes.append(write)
        M = after
    return Run(rule, tuple(writes), error, moved, size, read)


def memory(lesson: Lesson, run: Run, step: int) -> np.ndarray:
    """The matrix [d, d] after `step` tokens."""
    M = run.rule.start(lesson.setting.size)
    for k, write in zip(lesson.keys[:step], run.writes[:step], strict=True):
        M = apply(M, k, write)
    return M


def contributions(lesson: Lesson, run: Run, step: int, q: np.ndarray) -> np.ndarray:
    """What every token gave to the answer M q after `step` tokens: [step + 1, d], the start matrix last."""
    parts, r = np.zeros((step + 1, len(q))), q.copy()
    for t in range(step - 1, -1, -1):
        k, write = lesson.keys[t], run.writes[t]
        overlap = k @ r
        parts[t] = overlap * write.u
        r = write.keep * r - write.erase * overlap * k
    parts[step] = run.rule.start(len(q)) @ r
    return parts


def writers(lesson: Lesson, run: Run, step: int) -> np.ndarray:
    """The token that gave most to every cell, [d, d]; `step` stands for the start matrix, and for empty cells."""
    d = lesson.setting.size
    R, left = np.eye(d), np.zeros((step + 1, d))
    for t in range(step - 1, -1, -1):
        k, write = lesson.keys[t], run.writes[t]
        left[t] = k @ R
        R = write.keep * R - write.erase * np.outer(k, left[t])
    u = np.stack([write.u for write in run.writes[:step]] + [np.zeros(d)])
    parts = np.abs(u[:, :, None] * left[:, None, :])  # [step + 1, out, d]
    parts[step] = np.abs(run.rule.start(d) @ R)
    most = parts.argmax(0)
    return np.where(parts.max(0) > 1e-12, most, step)


def strengths(lesson: Lesson, answer: np.ndarray) -> np.ndarray:
    """How much of every name's vector is in answers [..., d]: [..., names]; 1 is as much as was taught."""
    return answer @ lesson.vectors.T


def confidence(strength: np.ndarray) -> np.ndarray:
    """Softmax over names of strengths [..., names]; equal for all where nothing is known."""
    scores = np.exp(SHARPNESS * (strength - strength.max(-1, keepdims=True)))
    return scores / scores.sum(-1, keepdims=True)


def choose(sure: np.ndarray) -> tuple[int, ...]:
    """The names answered with, of confidences [names]: more than one in a tie; none near what guessing gives."""
    best = sure.max()
    return tuple(int(i) for i in np.flatnonzero(sure > best - 1e-9)) if best > 1.5 / len(sure) else ()
