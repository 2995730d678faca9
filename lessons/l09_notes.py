"""Lesson 9: a memory that writes its own notes: what to write, how strongly, how much to keep. Token by token."""

import functools

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Point, Question, Results, Revealed, Step, Steps
from .picture import Figure, Series

KEEPS = ("0.8", "0.9", "0.99", "1")
SIZE, FACTS, NOISE = 16, 8, 44  # numbers in a key; notes that matter; tokens after them that do not
RULES = ("hebbian", "delta decay")
NAMES = {"hebbian": phrase("plain (Hebbian)"), "delta decay": phrase("delta rule")}


@functools.cache
def pairs(seed: int):
    """Random keys and values of unit length, [FACTS + NOISE, SIZE] each."""
    import torch
    from torch.nn import functional as F

    draw = torch.Generator().manual_seed(seed)
    shape = (2, FACTS + NOISE, SIZE)
    return tuple(F.normalize(torch.randn(shape, generator=draw, dtype=torch.float64), dim=-1))


def rule(name: str):
    from nested_core.memory import delta_decay_beside, hebbian

    return {"hebbian": hebbian, "delta decay": delta_decay_beside}[name]


def left(keep: float, tokens: int) -> float:
    """Percent of one note that is left after tokens that touch nothing of it: their write strength is 0."""
    from nested_core.memory import delta_decay_beside, empty

    keys, values = pairs(0)
    M = delta_decay_beside(empty(SIZE, SIZE), keys[0], values[0])
    for _ in range(tokens):
        M = delta_decay_beside(M, keys[1], values[1], eta=0.0, alpha=keep)
    return 100 * float((M @ keys[0]) @ values[0])


@functools.cache
def recall(name: str, keep: float, choosy: bool, seed: int) -> tuple[float, ...]:
    """Likeness (%, 100: the same direction) of every answer to its value after all tokens were read.

    choosy: the write strength is 1 for the facts, which come first, and 0 for the noise behind them.
    """
    from torch.nn import functional as F

    from nested_core.memory import empty

    keys, values = pairs(seed)
    M = empty(SIZE, SIZE)
    for t, (k, v) in enumerate(zip(keys, values, strict=True)):
        strength = 0.0 if choosy and t >= FACTS else 1.0
        M = rule(name)(M, k, v, eta=strength, alpha=keep)
    return tuple((100 * F.cosine_similarity(keys @ M.T, values, dim=1)).tolist())


def facts(name: str, keep: float, choosy: bool, seed: int) -> float:
    return sum(recall(name, keep, choosy, seed)[:FACTS]) / FACTS


def recent(name: str, keep: float, seed: int) -> float:
    """Mean likeness over the latest eight notes, everything being written."""
    return sum(recall(name, keep, False, seed)[-FACTS:]) / FACTS


def mean(measure, seeds: int = 10) -> float:
    return sum(measure(seed) for seed in range(seeds)) / seeds


def record(option: str) -> tuple[Step, ...]:
    keep = float(option)
    places = (0, 1, 7, 22, 44)
    fade = tuple(left(keep, n) for n in places)
    always = {name: mean(lambda s, name=name: facts(name, keep, False, s)) for name in RULES}
    choosy = {name: mean(lambda s, name=name: facts(name, keep, True, s)) for name in RULES}
    late = {name: mean(lambda s, name=name: recent(name, keep, s)) for name in RULES}
    likeness = phrase("likeness (%)")
    bars = lambda found: tuple(Series(NAMES[n], (phrase("8 facts"),), (found[n],)) for n in RULES)  # noqa: E731
    return (
        Step(
            phrase("One note fades"),
            phrase(
                "A note is written, and at each token after it the memory keeps {keep:g} of itself (its "
                "[[retention]]). After 7 tokens {fade[2]:.3g} % of the note is left, after 44 {fade[4]:.3g} %.",
                keep=keep, fade=fade,
            ),
            r"M_t = \alpha\, M_{t-1},\qquad " + f"{keep:g}^{{44}} = {keep**44:.3g}",
            (Figure(phrase("What is left of one note"), phrase("tokens later"), phrase("left (%)"),
                    (Series(phrase("retention {keep:g}", keep=keep), tuple(map(str, places)), fade),)),),
            {"left": fade[4]},
        ),
        Step(
            phrase("Everything is written"),
            phrase(
                "Now {facts} facts are read, then {noise} tokens of noise, and every one is written at full strength. "
                "Asked for the facts, the answers are {always[hebbian]:.0f} % like the true ones with the plain rule "
                "and {always[delta decay]:.0f} % with the [[delta rule]] (100: the same direction; mean of ten "
                "streams).",
                facts=FACTS, noise=NOISE, always=always,
            ),
            r"M_t = M_{t-1}(\alpha I - \eta\, k_t k_t^\top) + \eta\, v_t k_t^\top,\qquad \eta = 1",
            (Figure(phrase("Facts, after noise that was written too"), "", likeness, bars(always), "bars"),),
            {f"always {n}": v for n, v in always.items()},
        ),
        Step(
            phrase("The memory chooses what to write"),
            phrase(
                "The same stream, but the write strength is 1 for a fact and 0 for noise. With retention {keep:g} the "
                "facts come back at {choosy[hebbian]:.0f} % (plain) and {choosy[delta decay]:.0f} % (delta rule). "
                "Here we chose the strength; in self-modifying Titans a small memory produces it from each token, and "
                "learns how.",
                keep=keep, choosy=choosy,
            ),
            r"\eta_t = M_{\eta,t}(x_t),\quad \alpha_t = M_{\alpha,t}(x_t),\quad \hat v_t = M_t(v_t)",
            (Figure(phrase("Facts, when noise is not written"), "", likeness, bars(choosy), "bars"),),
            {f"choosy {n}": v for n, v in choosy.items()},
        ),
        Step(
            phrase("What retention does to the latest notes"),
            phrase(
                "Everything written again, and asked for the latest {facts} tokens: plain {late[hebbian]:.0f} %, delta "
                "rule {late[delta decay]:.0f} %. The plain rule needs fading, or old notes drown the new ones; the "
                "delta rule erases as it writes, and hardly needs it.",
                facts=FACTS, late=late,
            ),
            "",
            (Figure(phrase("The latest {n}", n=FACTS), "", likeness, bars(late), "bars"),),
            {f"late {n}": v for n, v in late.items()},
        ),
    )  # fmt: skip


def reveal(results: Results) -> Revealed:
    values = {o: {k: v for step in steps for k, v in step.values.items()} for o, steps in results.items()}
    truth = values["0.9"]["left"]
    figure = Figure(
        phrase("44 tokens later"), phrase("retention"), "%",
        tuple(
            Series(name, KEEPS, tuple(values[o][key] for o in KEEPS))
            for key, name in (
                ("left", phrase("left of one note")),
                ("always delta decay", phrase("facts, noise written (delta rule)")),
                ("choosy delta decay", phrase("facts, noise left out (delta rule)")),
            )
        ),
    )  # fmt: skip
    sentence = phrase(
        "With retention 0.9 a note is left at {truth:.1f} % after 44 tokens, with 0.99 at {slower:.0f} %. But keeping "
        "everything is no cure: with retention 1 and all noise written, the facts are only {always:.0f} % like the "
        "true ones; when noise is left out, {choosy:.0f} %. Choosing what to write matters more than keeping.",
        truth=truth,
        slower=values["0.99"]["left"],
        always=values["1"]["always delta decay"],
        choosy=values["1"]["choosy delta decay"],
    )
    return Revealed(truth, sentence, figure, ("0.9",))


LESSON = Lesson(
    9,
    "notes",
    "A memory that writes its own notes",
    8,
    "A fast memory that chooses its own values, write strength and retention learns how to learn from the stream.",
    "Nested Learning, section 8.1, equations 83-93",
    hook="In lesson 3 somebody else decided what was written, and how strongly. A [[self-modifying]] memory decides "
    "that itself, at every [[token]]: a value $\\hat v$, a write strength $\\eta$ ([[eta]]), and how much of "
    "everything it keeps, $\\alpha$ ([[retention]]). First the simplest of these. A note is written; then come 44 "
    "tokens that have nothing to do with it, and at each the memory keeps 0.9 of itself.",
    prediction=Point(
        "**How much of the note is left after 44 tokens at retention 0.9?** (100 %: all of it)",
        "left of the note",
    ),
    activity=Steps("retention", KEEPS, record),
    reveal=reveal,
    why=Question(
        "Retention 1 keeps everything. Why are the facts lost all the same when noise is written?",
        (
            Option(
                "Keys of noise overlap those of the facts, and each write changes what overlapping keys are answered.",
                "Yes, the leak of lesson 3, 44 times over. Fading is only one way to forget; being written over is the "
                "other.",
                True,
            ),
            Option(
                "The numbers in the memory grow beyond all bounds.",
                "The delta rule keeps them bounded, since it writes only errors; and it loses the facts too.",
            ),
            Option(
                "Retention 1 also fades, only more slowly.",
                "One times anything is itself: nothing fades at all.",
            ),
        ),
    ),
    checks=(
        Question(
            "Retention 0.9 at every token. How much of a note is left after 44 tokens?",
            (
                Option("about 1 %", "Right: 0.9 to the power 44 is 0.0097, the same sum as in lesson 4.", True),
                Option("about 10 %", "That is what fades at one token, not what is left after 44."),
                Option("about 60 %", "Fading multiplies, it does not subtract a small amount once."),
            ),
        ),
        Question(
            "Which choice brought the facts back best after 44 tokens of noise?",
            (
                Option(
                    "write strength 0 on noise, and high retention",
                    "Right: what is not written cannot write over, and what does not fade is still there.",
                    True,
                ),
                Option(
                    "write strength 1 always, and retention 1",
                    "Nothing faded, but noise was written over the facts.",
                ),
                Option(
                    "write strength 0 on noise, and retention 0.8",
                    "In a memory that fades at every token the facts become tiny. Their direction survives here, since "
                    "nothing else is written, but the first other note would drown them.",
                ),
            ),
        ),
    ),
    now_you="Take a text of your own and mark, word by word, how strongly a memory should write (0 to 1) if it will "
    "later be asked who did what. What in a word tells you that? A self-modifying memory must find this out from the "
    "token alone. Then: what should its retention be at the end of a chapter, and what in the middle of a sentence?",
    summary=(
        "A self-modifying memory chooses at each token what to write, how strongly, and how much to keep.",
        "Retention multiplies: at 0.9 a note is left at about 1 % after 44 tokens.",
        "Keeping everything is no cure: written noise overlaps old notes and writes over them.",
        "With noise left out the facts come back: choosing what to write matters more than keeping all.",
        "The plain rule needs fading to hear the latest notes; the delta rule erases as it writes and hardly does.",
    ),
    link=dict(
        v="1",
        stream="languages",
        tasks="2",
        rounds="4",
        dwell="40",
        levels="1*0.01_40*0.5",
        seed="0",
        **{"with": "single_loop_transformer"},
    ),
    link_text="Hope, whose memory in context writes itself, beside a Transformer (about a minute)",
    teacher=(
        "The step-through shows what the choices do; it does not show that a network learns to choose. That is tested "
        "in demos/ablation.py, with mixed results: read demos/RESULTS.md before you promise anything.",
        "Link it to lesson 4: momentum and retention are the same sum.",
        "Likeness is the cosine: it forgives fading (a shrunken answer has the same direction), so overlap is what "
        "hurts.",
    ),
    claims=(
        Claim("one per cent", "retention 0.9 leaves about 1 % after 44 tokens", lambda s: left(0.9, 44), 0.9, 1.1, "%"),
        Claim(
            "written over",
            "retention 1, noise written: the delta rule has the facts at less than a fifth",
            lambda s: facts("delta decay", 1.0, False, s),
            -10,
            20,
            "%",
        ),
        Claim(
            "choosy",
            "retention 1, noise left out: the facts come back at more than three quarters",
            lambda s: facts("delta decay", 1.0, True, s),
            75,
            100,
            "%",
        ),
        Claim(
            "plain needs fading",
            "plain rule, latest eight: retention 0.9 is far better than 1",
            lambda s: recent("hebbian", 0.9, s) - recent("hebbian", 1.0, s),
            15,
            60,
            "points",
        ),
        Claim(
            "delta does not",
            "delta rule, latest eight: retention 0.9 and 1 differ little",
            lambda s: recent("delta decay", 1.0, s) - recent("delta decay", 0.9, s),
            -8,
            12,
            "points",
        ),
        Claim(
            "direction survives",
            "noise left out, retention 0.8: the direction of the facts is still there",
            lambda s: facts("delta decay", 0.8, True, s),
            50,
            100,
            "%",
        ),
    ),
)
