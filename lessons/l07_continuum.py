"""Lesson 7: a continuum of memories. More clocks at equal size do not keep more here; a memory of inputs does."""

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Runs, Scene, Sketch
from .picture import Figure, Series
from .record import trace
from .runs import config, digits, end, final_mean, protected, single

STREAM = digits("permuted_digits", 3, 100)
CLOCKS = {"1": (1,), "2": (1, 4), "3": (1, 4, 16), "4": (1, 4, 16, 50)}
OFF = 1e6  # a damping so large that the memory of inputs holds nothing
ON_RUNS = {n: config(STREAM, protected(f"{n} clock{'s' * (n != '1')}", *p)) for n, p in CLOCKS.items()}
OFF_RUNS = {n: config(STREAM, protected(f"{n}, memory off", *CLOCKS[n], damping=OFF)) for n in ("1", "3")}
ONE = config(STREAM, single("single loop"))


def reveal(results: Results) -> Revealed:
    kept = tuple(end(run, 0) for run in (*results["memory on"], *results["four clocks"]))
    one, three, single_loop = results["memory off"]
    off = {"1": end(one, 0), "3": end(three, 0)}
    loop = end(single_loop, 0)
    figure = Figure(
        phrase("What is left of the first of three pixel orders"), phrase("number of clocks"),
        phrase("accuracy on A at the end (%)"),
        (
            Series(phrase("memory of inputs on"), tuple(CLOCKS), kept),
            Series(phrase("memory of inputs off"), tuple(off), tuple(off.values())),
        ),
    )  # fmt: skip
    sizes = [run.meta["state"] for run in results["memory on"]]
    sentence = phrase(
        "With one, two, three and four clocks {one:.0f}, {two:.0f}, {three:.0f} and {four:.0f} % of A are left: more "
        "clocks did not keep more. With the memory of inputs switched off it is {off_one:.0f} % for one clock and "
        "{off_three:.0f} % for three, and {loop:.0f} % for a single loop. What more and smaller blocks save is room: "
        "the memory holds {size_one:,} numbers for one block and {size_three:,} for three.",
        one=kept[0], two=kept[1], three=kept[2], four=kept[3], off_one=off["1"], off_three=off["3"], loop=loop,
        size_one=sizes[0], size_three=sizes[2],
    )  # fmt: skip
    return Revealed(kept, sentence, figure, tuple(CLOCKS))


LESSON = Lesson(
    7,
    "continuum",
    "A continuum of memories",
    8,
    "Many clocks keep several ages of knowledge; whether that helps depends on what else protects the old.",
    "Nested Learning, section 7.1, equations 70-74 (independent form), 38-41 (memory of inputs)",
    hook="In place of one short and one long memory the paper puts a whole range of clocks, the [[continuum memory "
    "system]]. Here all 600 hidden units are split into blocks of equal size, each with its own clock, and their "
    "answers are averaged: nothing waits for a restart, as in lesson 5. Each block also has a [[least-squares memory]] "
    "of its inputs, "
    "which bends writes away from directions in use. Three pixel orders, 100 steps each, 45,000 weights in every case.",
    prediction=Sketch(
        "**How much of the first pixel order (A) is left after the third**, with one, two, three and four clocks "
        "(every 1; 1 and 4; 1, 4 and 16; 1, 4, 16 and 50)?",
        "number of clocks",
        tuple(CLOCKS),
        "accuracy on A at the end",
    ),
    activity=Runs(
        "what is compared",
        (
            Scene(
                "memory on",
                tuple(ON_RUNS[n] for n in ("1", "2", "3")),
                "One, two and three clocks, the same number of weights. How far does the first curve fall?",
            ),
            Scene("four clocks", (ON_RUNS["4"],), "The fourth block writes every 50 steps: twice a visit."),
            Scene(
                "memory off",
                (OFF_RUNS["1"], OFF_RUNS["3"], ONE),
                "The same blocks without the memory of inputs, and the single loop. Same clocks, other result.",
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "Why do four clocks keep less than one here?",
        (
            Option(
                "At equal size each block is smaller, and a block that writes every 50 steps learns little of a visit.",
                "Yes: its poor answers are averaged with the good ones. What protects A is the memory of inputs, and "
                "every block has that, also a single one.",
                True,
            ),
            Option(
                "Slow blocks forget faster.",
                "They change least of all. They answer badly because they have hardly learned the later tasks.",
            ),
            Option(
                "It has fewer weights.",
                "The same 45,000 in every case, split differently; look at the line of costs in the playground.",
            ),
        ),
    ),
    checks=(
        Question(
            "Which change made the largest difference to what is left of A?",
            (
                Option(
                    "switching the memory of inputs off",
                    "Right: some 20 points with one clock and far more with three, against about two points for a "
                    "second and third clock. Change one thing at a time and see.",
                    True,
                ),
                Option(
                    "going from one clock to three",
                    "That cost about two points. The memory of inputs was on in both.",
                ),
                Option(
                    "using blocks instead of one network",
                    "One block with its memory off keeps some ten points more than a single loop: a gain, but the "
                    "smaller one.",
                ),
            ),
        ),
        Question(
            "One clock keeps most. Is it therefore the better design?",
            (
                Option(
                    "Not by that alone: its memory of inputs needs almost three times as many numbers beside the "
                    "weights.",
                    "Right. Fairness has several lines: weights, numbers kept beside them, writes, time. One clock "
                    "also writes its whole memory at every step.",
                    True,
                ),
                Option(
                    "Yes, at equal weights it wins.",
                    "Weights were equal, the memory beside them was not. Always read the whole line of costs.",
                ),
                Option(
                    "No, because the paper says that more clocks are better.",
                    "The paper's models are far larger and on text. A claim is not true here because it was true "
                    "there.",
                ),
            ),
        ),
    ),
    now_you="In the playground: three clocks, three tasks. Move the slowest clock to 100 and to 300, and pause a "
    "level. Find the setting that loses least when you must have three different clocks, and the one that loses most. "
    "Then ask each level alone (the small table): which one would you trust with the oldest task?",
    summary=(
        "A continuum memory system has many clocks, and its answer reads all of them at once.",
        "Here, at equal weights, more clocks do not keep more: one, two and three are close, four is worst.",
        "What protects the old is a memory of which input directions are in use.",
        "Without it one clock loses some 20 points of A, and three clocks far more.",
        "More and smaller blocks need far less memory of inputs: count every number before you compare.",
    ),
    link=dict(
        v="1",
        stream="permuted_digits",
        tasks="3",
        rounds="1",
        dwell="100",
        levels="1*0.3_4*0.3_16*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="The three clocks of this lesson, the levels asked alone, and the single loop",
    teacher=(
        "Most sketches rise from left to right, as the paper's idea suggests. The measured line falls. Say so openly.",
        "This is a lesson about ablation: one change at a time, and the effect lies where few look for it.",
        "Without the memory of inputs seeds differ by tens of points: pool the runs of the class before you compare.",
        "On text the slower levels do help (lesson 10), by handing back an initial state: another mechanism.",
    ),
    claims=(
        Claim(
            "one keeps most",
            "one clock keeps about 97 % of A",
            lambda s: end(trace(ON_RUNS["1"], s), 0),
            94,
            99,
            "%",
        ),
        Claim(
            "three are close",
            "three clocks keep one to four points less than one",
            lambda s: end(trace(ON_RUNS["1"], s), 0) - end(trace(ON_RUNS["3"], s), 0),
            0,
            5,
            "points",
        ),
        Claim(
            "four are worst",
            "four clocks keep less than three",
            lambda s: end(trace(ON_RUNS["3"], s), 0) - end(trace(ON_RUNS["4"], s), 0),
            0.5,
            20,
            "points",
        ),
        Claim(
            "off, one clock",
            "with the memory off one clock loses some 20 points of A",
            lambda s: end(trace(ON_RUNS["1"], s), 0) - end(trace(OFF_RUNS["1"], s), 0),
            8,
            35,
            "points",
            slow=True,
        ),
        Claim(
            "still above a single loop",
            "with the memory off one clock still keeps some ten points more than a single loop",
            lambda s: end(trace(OFF_RUNS["1"], s), 0) - end(trace(ONE, s), 0),
            0,
            30,
            "points",
            slow=True,
        ),
        Claim(
            "off, three clocks",
            "with the memory off three clocks keep less than one",
            lambda s: end(trace(OFF_RUNS["1"], s), 0) - end(trace(OFF_RUNS["3"], s), 0),
            5,
            60,
            "points",
        ),
        Claim(
            "cost",
            "the memory of one block holds almost three times as many numbers as that of three",
            lambda s: trace(ON_RUNS["1"], s).meta["state"] / trace(ON_RUNS["3"], s).meta["state"],
            2.6,
            2.9,
            "times",
        ),
        Claim(
            "learned",
            "three clocks learn all three tasks",
            lambda s: final_mean(trace(ON_RUNS["3"], s)),
            92,
            98,
            "%",
        ),
    ),
)
