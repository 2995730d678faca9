"""Lesson 5: two memories on two clocks. The fast one writes at every step, the slow one every C steps, and hands "
"back."""

from nested_core.clock import writes
from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Pick, Question, Results, Revealed, Runs, Scene
from .picture import Figure, Series
from .record import trace
from .runs import config, digits, end, known, restarting, single

STREAM = digits("class_digits")
PERIODS = (4, 16, 50, 100)
FRACTION = 0.3
ONE = config(STREAM, single("one clock"))
TWO = {C: config(STREAM, restarting(f"every 1 and every {C}", (C, FRACTION))) for C in PERIODS}
RATES = (0.003, 0.01, 0.1, 1.0)
LOWER = tuple(config(STREAM, single(f"one clock, rate {rate:g}", rate)) for rate in RATES)
MIDDLE = 145  # 45 steps into B, and long after the last write of a slow memory of period 50
OPTIONS = (
    "the fast one knows more of A than the slow one",
    "both know about the same",
    "the slow one knows nearly all of A, the fast one nearly nothing",
    "neither knows anything of A",
)


def outcome(fast: float, slow: float) -> int:
    """Which of the options was measured."""
    if slow >= 80 and fast <= 20:
        return 2
    if slow <= 20 and fast <= 20:
        return 3
    return 0 if fast > slow + 10 else 1


def reveal(results: Results) -> Revealed:
    names = (phrase("none"), *map(str, PERIODS))
    one = results["one clock"][0]
    runs = [results[f"C = {C}"][0] for C in PERIODS]
    fast = (known(one, 0, MIDDLE), *(known(run, 0, MIDDLE, 0) for run in runs))
    slow = tuple(known(run, 0, MIDDLE, 1) for run in runs)
    figure = Figure(
        phrase("Asked alone about A at step {step}, 45 steps into B", step=MIDDLE),
        phrase("period C of the slow memory"), phrase("accuracy on A (%)"),
        (Series(phrase("fast memory"), names, fast), Series(phrase("slow memory"), names[1:], slow)), "bars",
    )  # fmt: skip
    at = PERIODS.index(50)
    sentence = phrase(
        "With C = 50 the slow memory alone knows {slow:.0f} % of A, the fast one {fast:.0f} %. At the end, just after "
        "the fast weights restarted, the learner has {a:.0f} % on A and {b:.0f} % on B; with one clock it has "
        "{one_a:.0f} % and {one_b:.0f} %.",
        slow=slow[at], fast=fast[at + 1], a=end(runs[at], 0), b=end(runs[at], 1), one_a=end(one, 0), one_b=end(one, 1),
    )  # fmt: skip
    return Revealed(outcome(fast[at + 1], slow[at]), sentence, figure)


LESSON = Lesson(
    5,
    "clocks",
    "Two clocks",
    8,
    "Split the memory: one part writes at every step, another every C steps; the slow part still knows A during B.",
    "Nested Learning, sections 3.2 (Definition 2) and 7.1, equation 72; first order known as Reptile and Lookahead",
    hook="Back to the stream of lesson 1: five digits (A), then five others (B). Now the learner has two memories of "
    "the same shape. The **fast** one writes at every step. The **slow** one writes every C steps: it moves a part of "
    "the way (30 %) toward the fast one, and the fast one starts again from there. Each can be asked alone.",
    prediction=Pick(
        "C = 50. It is step 145: 45 steps into B, 5 steps before the slow memory writes again. **Ask each memory alone "
        "about A. What do you expect?**",
        OPTIONS,
    ),
    activity=Runs(
        "period C of the slow memory",
        (
            Scene("one clock", (ONE,), "The network of lesson 1, for comparison."),
            *(
                Scene(
                    f"C = {C}",
                    (TWO[C],),
                    f"The ticks below: every 1 writes 200 times, every {C} writes {writes(200, C)} times. At each of "
                    "its ticks the curves jump: the fast weights restart.",
                )
                for C in PERIODS
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "Why does the slow memory still know A when the fast one has lost it?",
        (
            Option(
                "It has not been written since B began, and when it is, it moves only part of the way.",
                "Yes. Its last write was at the end of A. What is not written is not overwritten.",
                True,
            ),
            Option(
                "Its learning rate is smaller.",
                "It is not a smaller step in the same place: between its writes it does not move at all, and it "
                "moves toward where the fast weights have arrived, not along one gradient.",
            ),
            Option(
                "It is larger, so it has more room.",
                "Both have the same shape: the slow memory is a second copy of the same weights.",
            ),
            Option(
                "It knows that the task has changed.",
                "No part of the learner is told. The clock ticks the same whatever comes.",
            ),
        ),
    ),
    checks=(
        Question(
            "128 steps, clocks 1, 8 and 64. How often does each write?",
            (
                Option("128, 16 and 2 times", "Right: a clock of period C writes floor(T / C) times.", True),
                Option("1, 8 and 64 times", "That reads the period as a count. Period 64 means: once in 64 steps."),
                Option("128, 120 and 64 times", "The period divides the steps, it is not taken away from them."),
            ),
        ),
        Question(
            "Is the second memory just another way to have a lower learning rate?",
            (
                Option(
                    "No: one clock at any of four rates ends with little of A; two clocks keep half of it and learn B.",
                    "Right, measured here: one clock keeps about a tenth at most, and then has not learned B.",
                    True,
                ),
                Option(
                    "Yes: writing rarely and writing gently are the same.",
                    "Plausible, and tested here: at lower rates one clock still ends with little of A, since all "
                    "its weights follow B all the time. It has no place where A stands still.",
                ),
                Option(
                    "Yes, and with C large enough it would never forget.",
                    "Never writing is never forgetting, and also never learning: C = 1000 writes 0 times in 500 steps.",
                ),
            ),
        ),
    ),
    now_you="A stream changes its task every 50 steps, and a run has 500. Which C would you choose, and what happens "
    "with C = 1000? Then the catch: in this lesson the learner answers with its fast weights. When during B does it "
    "know A, and when not? (Watch the jumps.) Find a use of the slow memory that does not wait for a restart.",
    summary=(
        "Every memory has a clock: period C means that it writes every C steps, floor(T / C) times in T steps.",
        "During B the slow memory (C = 50) alone still knows nearly all of A, the fast one nothing.",
        "After a restart the learner keeps about half of A and has learned B; with one clock a few per cent are left.",
        "It is not just a lower rate: one clock at four rates keeps at most about a tenth.",
        "The catch: between restarts the fast weights answer, and they have forgotten A.",
    ),
    link=dict(
        v="1",
        stream="class_digits",
        tasks="2",
        rounds="1",
        dwell="100",
        nest="initial_sgd",
        levels="1*1_50*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="The same two clocks, C = 50, to be changed",
    teacher=(
        "Clap it first: one half of the class at every beat, the other at every eighth; who remembers the first theme?",
        "With C = 4 or 16 the slow memory has followed B by the end; with C = 50 or 100 about half of A stays.",
        "Say it plainly: at step 145 the learner as a whole fails on A, because it answers with the fast weights. Slow "
        "knowledge has to be handed back or asked; lesson 7 asks all memories at once.",
    ),
    claims=(
        Claim(
            "slow knows",
            "C = 50, step 145: the slow memory alone knows nearly all of A",
            lambda s: known(trace(TWO[50], s), 0, MIDDLE, 1),
            93,
            100,
            "%",
        ),
        Claim("fast does not", "and the fast one nothing", lambda s: known(trace(TWO[50], s), 0, MIDDLE, 0), 0, 3, "%"),
        Claim("kept", "C = 50: about half of A is kept at the end", lambda s: end(trace(TWO[50], s), 0), 35, 65, "%"),
        Claim("learned", "and B is learned", lambda s: end(trace(TWO[50], s), 1), 94, 100, "%"),
        Claim("C = 100", "C = 100 keeps half or more", lambda s: end(trace(TWO[100], s), 0), 40, 80, "%"),
        Claim("C = 4 follows", "C = 4: little of A is left at the end", lambda s: end(trace(TWO[4], s), 0), 5, 25, "%"),
        Claim(
            "C = 16 follows",
            "C = 16: the learner has little of A at the end",
            lambda s: end(trace(TWO[16], s), 0),
            3,
            25,
            "%",
        ),
        Claim("one clock", "one clock keeps a few per cent", lambda s: end(trace(ONE, s), 0), 0, 15, "%"),
        Claim(
            "not a lower rate",
            "the best of four rates of one clock keeps about a tenth",
            lambda s: max(end(trace(run, s), 0) for run in LOWER),
            5,
            25,
            "%",
        ),
        Claim(
            "a lower rate learns less",
            "and at the smallest of them B is not learned",
            lambda s: end(trace(LOWER[0], s), 1),
            25,
            50,
            "%",
        ),
        Claim(
            "writes",
            "128 steps on clocks 1, 8, 64 are 146 writes",
            lambda s: sum(writes(128, C) for C in (1, 8, 64)),
            146,
            146,
            "writes",
        ),
        Claim("never", "C = 1000 writes 0 times in 500 steps", lambda s: writes(500, 1000), 0, 0, "writes"),
    ),
)
