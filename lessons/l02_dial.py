"""Lesson 2: the learning rate is a dial between keeping and learning, and no value of it wins."""

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Runs, Scene, Sketch
from .picture import Figure, Series
from .record import trace
from .runs import config, digits, end, known, mixed, single

KIND = "permuted_digits"
RATES = (0.003, 0.01, 0.1, 1.0, 3.0)
NAMES = tuple(f"{rate:g}" for rate in RATES)
DIAL = {name: config(digits(KIND), single(f"rate {name}", rate)) for name, rate in zip(NAMES, RATES, strict=True)}
MIXED = config(mixed(KIND), single("mixed, rate 1"))


def lost(run) -> float:
    """Points of A lost while B was learned."""
    return known(run, 0, 100) - end(run, 0)


def weaker(run) -> float:
    """The lower of the two accuracies at the end."""
    return min(end(run, 0), end(run, 1))


def reveal(results: Results) -> Revealed:
    runs, control = [results[f"rate {name}"][0] for name in NAMES], results["mixed"][0]
    losses = tuple(lost(run) for run in runs)
    figure = Figure(
        phrase("Turning the dial"), phrase("learning rate"), "%",
        (
            Series(phrase("A lost during B"), NAMES, losses),
            Series(phrase("B learned"), NAMES, tuple(end(run, 1) for run in runs)),
        ),
    )  # fmt: skip
    best = max(zip(NAMES, runs, strict=True), key=lambda pair: weaker(pair[1]))
    sentence = phrase(
        "At rate {gentle} only {lost:.0f} points of A are lost, but B reaches only {little:.0f} %. The best value, "
        "{best}, ends at {a:.0f} % on A and {b:.0f} % on B. Mixed, the same network has {mixed_a:.0f} % and "
        "{mixed_b:.0f} %: no turn of the dial reaches that.",
        gentle=NAMES[0], lost=losses[0], little=end(runs[0], 1), best=best[0], a=end(best[1], 0), b=end(best[1], 1),
        mixed_a=end(control, 0), mixed_b=end(control, 1),
    )  # fmt: skip
    return Revealed(losses, sentence, figure, NAMES)


LESSON = Lesson(
    2,
    "dial",
    "Stable or plastic: the dial nobody wins",
    7,
    "With one learning speed, forgetting little and learning little go together.",
    "Nested Learning, sections 1 and 4.3; the stability-plasticity dilemma",
    hook="A simple cure for lesson 1 would be to write more gently: a smaller [[learning rate]]. Now A and B are both "
    "all ten digits, but in B every image has its pixels in another order. One dial, five settings, 100 steps of A, "
    "100 of B.",
    prediction=Sketch(
        "**How many points of accuracy on A are lost while B is learned**, at each rate? "
        "(0: nothing is lost. Think of the smallest rate first, then of the largest.)",
        "learning rate",
        NAMES,
        "points of A lost",
        0,
        60,
        5,
        "%",
    ),
    activity=Runs(
        "learning rate",
        (
            *(
                Scene(f"rate {name}", (run,), "How high does A get, how much of it is lost, how high does B get?")
                for name, run in DIAL.items()
            ),
            Scene(
                "mixed", (MIXED,), "Rate 1, A and B in turns of five steps: as if A had been stored and shown again."
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "Why does the smallest rate lose least?",
        (
            Option(
                "It had learned little of A, so there was little to lose.",
                "Yes. Look at its curves: A never got high, and neither did B. Gentle writing is little writing, "
                "for old and new alike.",
                True,
            ),
            Option(
                "Small steps go around the weights that A uses.",
                "A rate changes the length of a step, never its direction. Going around needs something that knows "
                "where A is: that comes in lesson 7.",
            ),
            Option(
                "Small steps are more exact, so A is stored better.",
                "A was stored worse, as its curve before the change shows.",
            ),
        ),
    ),
    checks=(
        Question(
            "A colleague lowers the rate. Forgetting falls from 17 to 2 points, and B from 94 to 28 %. Is the problem "
            "solved?",
            (
                Option(
                    "No: it moved along the dial, giving up B for A.",
                    "Right. Always ask for both numbers: what was kept and what was learned.",
                    True,
                ),
                Option(
                    "Yes: forgetting was the problem and it is nearly gone.",
                    "A network that never learns never forgets. Forgetting alone is no measure of success.",
                ),
                Option(
                    "Yes, if it is trained longer on B.",
                    "Longer training at a small rate writes as much in the end, and then A is lost as well.",
                ),
            ),
        ),
        Question(
            "And a rate far above the best one?",
            (
                Option(
                    "It is worse on both: more of A is lost and B is learned less well.",
                    "Yes: the dial has a bad end without anything in return.",
                    True,
                ),
                Option(
                    "It learns B best, at the price of A.",
                    "A fair guess, but beyond some rate steps overshoot, and B suffers too.",
                ),
                Option(
                    "It changes nothing once B is learned.",
                    "Large steps keep overwriting: every batch pulls the weights far to its own side.",
                ),
            ),
        ),
    ),
    now_you="Mixing A into B left the dial behind. It has a price. Name two costs of keeping old samples and showing "
    "them again ([[replay]]), one in memory and one in time. Then open the playground and see how far its nested "
    "learner gets without keeping a single sample, and what it keeps instead (the line under the charts counts it).",
    summary=(
        "The learning rate sets how far each step moves the weights: one dial for keeping and learning.",
        "Very small: little is forgotten, because little is learned. Very large: worse on both.",
        "None of five values ends high on both tasks; A and B mixed, the same network does.",
        "So judge a method by both numbers: what is kept and what is learned.",
        "To leave the dial one needs more than one speed, or something that knows where the old things are.",
    ),
    link=dict(
        v="1",
        stream=KIND,
        tasks="2",
        rounds="1",
        dwell="100",
        levels="1*0.3_4*0.3_16*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="The same two tasks, the single loop beside the nested learner",
    teacher=(
        "Many draw a curve that rises steadily; the flat middle surprises: from 0.01 to 1 the loss hardly changes.",
        "Insist on the pair (kept, learned). “It forgets less” without “it learns as much” is not a result.",
        "The control is not a trick of capacity: same network, same rate, same number of steps on each task.",
    ),
    claims=(
        Claim(
            "gentle keeps",
            "at rate 0.003 about 2 points of A are lost",
            lambda s: lost(trace(DIAL["0.003"], s)),
            -3,
            8,
            "points",
        ),
        Claim(
            "gentle learns little",
            "at rate 0.003 B reaches about 28 %",
            lambda s: end(trace(DIAL["0.003"], s), 1),
            20,
            38,
            "%",
        ),
        Claim(
            "middle loses",
            "at rate 1 about 17 points of A are lost",
            lambda s: lost(trace(DIAL["1"], s)),
            10,
            30,
            "points",
        ),
        Claim("middle learns", "at rate 1 B reaches about 94 %", lambda s: end(trace(DIAL["1"], s), 1), 89, 97, "%"),
        Claim(
            "kept", "at rate 1 about three quarters of A are kept", lambda s: end(trace(DIAL["1"], s), 0), 65, 88, "%"
        ),
        Claim(
            "flat middle",
            "from rate 0.01 to 1 the loss of A changes by less than 15 points",
            lambda s: lost(trace(DIAL["1"], s)) - lost(trace(DIAL["0.01"], s)),
            -15,
            15,
            "points",
        ),
        Claim(
            "too large keeps less",
            "rate 3 loses more of A than rate 1",
            lambda s: lost(trace(DIAL["3"], s)) - lost(trace(DIAL["1"], s)),
            0.1,
            60,
            "points",
            slow=True,
        ),
        Claim(
            "too large learns less",
            "rate 3 learns B less well than rate 1",
            lambda s: end(trace(DIAL["1"], s), 1) - end(trace(DIAL["3"], s), 1),
            0.1,
            60,
            "points",
        ),
        Claim(
            "nobody wins",
            "of five rates, the best still leaves one task below 85 %",
            lambda s: max(weaker(trace(run, s)) for run in DIAL.values()),
            0,
            85,
            "%",
        ),
        Claim(
            "mixed wins",
            "mixed, both tasks end near 93 %: the lower of the two",
            lambda s: weaker(trace(MIXED, s)),
            88,
            100,
            "%",
        ),
    ),
)
