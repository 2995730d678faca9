"""Lesson 8: when it helps and when it does not. Clocks and memories are assumptions about the stream."""

from math import comb

from nested_core import presets
from nested_core.clock import writes
from nested_core.config import RunConfig, StreamConfig
from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Runs, Scene, Sketch
from .picture import Figure, Series
from .record import trace
from .runs import digits, final_mean

STREAMS = {
    "once": digits("permuted_digits", 5, 100),
    "returning": digits("permuted_digits", 5, 20, 8),
    "hasty": digits("permuted_digits", 3, 20),
}
TESTED = 20  # steps between two tests


def arms(stream: StreamConfig) -> tuple[RunConfig, ...]:
    """The nested learner of the playground and the single loop at its best rate, as the presets define them."""
    return tuple(RunConfig(stream, learner, TESTED) for learner in presets.arms(stream))


PAIRS = {name: arms(stream) for name, stream in STREAMS.items()}
PAIRS["five hasty"] = arms(digits("permuted_digits", 5, 20))


def lead(name: str, seed: int) -> float:
    """Points by which nested ends above the single loop, mean of all tasks."""
    nested, loop = (final_mean(trace(config, seed)) for config in PAIRS[name])
    return nested - loop


def alone(name: str, level: int, seed: int) -> float:
    """Mean accuracy (%) at the end of one block of the nested learner, asked alone."""
    return 100 * float(trace(PAIRS[name][0], seed)["level_score"][-1, level].mean())


def reveal(results: Results) -> Revealed:
    ends = {name: [final_mean(run) for run in results[name]] for name in STREAMS}
    leads = tuple(nested - loop for nested, loop in ends.values())
    figure = Figure(
        phrase("Nested minus single loop"), phrase("stream"), phrase("points of accuracy, mean of all tasks"),
        (Series(phrase("measured, seed 0"), tuple(STREAMS), leads),), low=-30, high=30,
    )  # fmt: skip
    sentence = phrase(
        "once: nested {once[0]:.0f} %, single loop {once[1]:.0f} %; returning: nested {returning[0]:.0f} %, single "
        "loop {returning[1]:.0f} %; hasty: nested {hasty[0]:.0f} %, single loop {hasty[1]:.0f} %. One seed shows one "
        "run: the ranges over ten seeds are what `python -m lessons.check --lesson 8` prints, and there nested wins "
        "clearly on the first stream and loses on the other two.",
        **ends,
    )
    return Revealed(leads, sentence, figure, tuple(STREAMS))


LESSON = Lesson(
    8,
    "honest",
    "When it helps, and when it does not",
    8,
    "Clocks and protecting memories are assumptions about the stream; on the wrong stream they lose.",
    "Nested Learning, section 9.1 and its ablations; our demos/RESULTS.md",
    hook="So far the nested learner was the hero. Here it meets the [[single loop]], tuned at its own best rate, with "
    "the same weights and the same samples, on three streams of pixel orders. **Once**: five orders, 100 steps each, "
    "never again. **Returning**: five, 20 steps each, eight rounds. **Hasty**: three, 20 steps each, once. Score: mean "
    "[[accuracy]] on all of them at the end.",
    prediction=Sketch(
        "**By how many points does the nested learner win (above 0) or lose (below 0)** on each stream?",
        "stream",
        tuple(STREAMS),
        "points by which nested wins",
        -30,
        30,
        1,
        "points",
    ),
    activity=Runs(
        "stream",
        (
            Scene("once", PAIRS["once"], "Old tasks never come back. Which learner's first curves stay up?"),
            Scene(
                "returning",
                PAIRS["returning"],
                "Every task returns after 80 steps. What is there to protect, when the stream itself repeats?",
            ),
            Scene(
                "hasty", PAIRS["hasty"], "Twenty steps a task: how high does each learner get before the next begins?"
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "Why does the nested learner lose on the hasty stream?",
        (
            Option(
                "Its slow block has hardly written in 60 steps, and its poor answers count as much as the good ones.",
                "Yes. Every 16 steps makes 3 writes in 60. The clocks bet on long visits; asked alone, the slow block "
                "is far behind the fast one.",
                True,
            ),
            Option(
                "It forgets more there.",
                "Compare the curves: what it has, it keeps. It has learned less, and the last order least of all.",
            ),
            Option(
                "The single loop was tuned and the nested one was not.",
                "Both were, with as many trials (nested_core.sweep); neither was tuned for this stream.",
            ),
        ),
    ),
    checks=(
        Question(
            "Nested wins on 6 of 10 seeds, by one point on average. What may you claim?",
            (
                Option(
                    "Nothing yet: give the interval, and run more seeds.",
                    "Right. Six of ten is what a fair coin does often; a 95 % interval that contains 0 decides "
                    "nothing.",
                    True,
                ),
                Option(
                    "That nested is better, since it wins more often.",
                    "A coin shows six or more heads in ten throws in more than a third of all cases.",
                ),
                Option(
                    "That both are equal.",
                    "Not shown either: a small true difference would look the same. No decision is not a proof of "
                    "equality.",
                ),
            ),
        ),
        Question(
            "Which comparison would be unfair to the single loop?",
            (
                Option(
                    "One at the learning rate that is best for the nested learner.",
                    "Right: each learner needs its own best rate, found with as many trials. An untuned opponent is "
                    "the most common way to win.",
                    True,
                ),
                Option(
                    "One on the same samples in the same order.",
                    "That makes it fair: the pair then differs in one thing only.",
                ),
                Option(
                    "One with equal numbers of weights.",
                    "That is fair as far as it goes, as long as what is kept beside the weights is told as well.",
                ),
            ),
        ),
    ),
    now_you="Build a stream in the playground on which the single loop wins by as much as you can, and one on which "
    "it loses by as much as you can. Write one sentence that says what a stream must be like for the nested learner to "
    "pay. Then check your sentence on a stream that you have not tried.",
    summary=(
        "On tasks that come once and stay away the nested learner wins clearly.",
        "When tasks return often there is little left to protect, and the single loop ends slightly ahead.",
        "On hasty visits its slow block has hardly written, and the nested learner loses by far.",
        "A claim needs equal weights and samples, a tuned opponent, several seeds and an interval.",
        "Ask of every method: which stream does it bet on?",
    ),
    link=dict(
        v="1",
        stream="permuted_digits",
        tasks="3",
        rounds="1",
        dwell="20",
        levels="1*0.3_4*0.3_16*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="The hasty stream, on which nested loses",
    teacher=(
        "Let the class bet on all three streams before the first run; hardly anybody bets against the hero.",
        "Our own first guess was wrong: with five hasty orders in place of three nested wins by some points, since 100 "
        "steps are long enough for its slow block. A good project: where does it turn?",
        "Have each pair of students take another seed for “returning” and pool the leads on the board.",
        "The coin: six or more heads in ten has probability 386/1024, about 38 %.",
    ),
    claims=(
        Claim("once", "tasks that come once: nested wins clearly", lambda s: lead("once", s), 15, 32, "points"),
        Claim(
            "returning",
            "returning tasks: the single loop ends slightly ahead",
            lambda s: lead("returning", s),
            -4,
            -0.3,
            "points",
            slow=True,
        ),
        Claim("hasty", "hasty visits: nested loses by far", lambda s: lead("hasty", s), -30, -8, "points"),
        Claim(
            "learned less",
            "hasty: nested has learned the last task less well",
            lambda s: (
                100 * float(trace(PAIRS["hasty"][1], s)["score"][-1, 2] - trace(PAIRS["hasty"][0], s)["score"][-1, 2])
            ),
            40,
            85,
            "points",
        ),
        Claim(
            "slow block behind",
            "hasty: asked alone, the block every 16 is far behind the one every 1",
            lambda s: alone("hasty", 0, s) - alone("hasty", 2, s),
            15,
            80,
            "points",
        ),
        Claim(
            "five hasty orders",
            "with five hasty orders nested wins by some points",
            lambda s: lead("five hasty", s),
            0.5,
            20,
            "points",
            slow=True,
        ),
        Claim("slow writes", "60 steps on a clock of 16 are 3 writes", lambda s: writes(60, 16), 3, 3, "writes"),
        Claim(
            "coin",
            "six or more heads in ten: about 38 %",
            lambda s: 100 * sum(comb(10, k) for k in range(6, 11)) / 2**10,
            37,
            39,
            "%",
        ),
    ),
)
