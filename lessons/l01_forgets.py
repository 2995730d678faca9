"""Lesson 1: one set of weights, trained on A and then on B, loses A, although it has room for both."""

import numpy as np

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Point, Question, Results, Revealed, Runs, Scene
from .picture import Figure, Series
from .record import trace
from .runs import config, digits, end, known, mixed, single

KIND = "class_digits"
IN_TURN = config(digits(KIND), single("one network"))
MIXED = config(mixed(KIND), single("one network, mixed"))
LAST, SWITCH = 200, 100


def reveal(results: Results) -> Revealed:
    run, control = results["A, then B"][0], results["A and B mixed"][0]
    after, both = end(run, 0), (end(control, 0), end(control, 1))
    lines = [
        Series(name, tuple(int(s) for s in t["probe_step"]), tuple(100 * float(v) for v in t["score"][:, 0]))
        for name, t in ((phrase("A, then B"), run), (phrase("mixed"), control))
    ]
    figure = Figure(
        phrase("How much of A is known"), phrase("step"), phrase("accuracy on A (%)"), tuple(lines),
        marks=((SWITCH, phrase("B begins")),),
    )  # fmt: skip
    sentence = phrase(
        "A stood at {before:.0f} % when B began and at {after:.0f} % a hundred steps later. The same network, shown as "
        "much of both but mixed, ends at {a:.0f} % on A and {b:.0f} % on B: it has room.",
        before=known(run, 0, SWITCH), after=after, a=both[0], b=both[1],
    )  # fmt: skip
    return Revealed(after, sentence, figure, (LAST,))


def half_gone(seed: int) -> float:
    """Steps of B until A is below half."""
    run = trace(IN_TURN, seed)
    probes = zip(run["probe_step"], run["score"][:, 0], strict=True)
    below = [int(step) for step, score in probes if step > SWITCH and score < 0.5]
    return below[0] - SWITCH if below else LAST - SWITCH


LESSON = Lesson(
    1,
    "forgets",
    "The network that forgets",
    6,
    "One set of weights trained on A and then on B loses A, although it has room for both.",
    "Nested Learning, section 1; known since 1989 as catastrophic interference",
    hook="You learned to read and later to ride a bicycle, and you can still read. Here is a small network that learns "
    "five kinds of handwritten digits (**A**, 100 [[step|steps]] of 32 images), and then the five others (**B**, 100 "
    "steps). Nobody tells it that the [[task]] has changed. It is tested on images it never trained on.",
    prediction=Point(
        "After A it recognises nearly every held-out digit of A. Then come 100 steps of B alone. "
        "**What is its [[accuracy]] on A at the end?**",
        "accuracy on A after B",
    ),
    activity=Runs(
        "order of the samples",
        (
            Scene(
                "A, then B", (IN_TURN,), "Watch the first curve when the shading changes: nothing else happens to A."
            ),
            Scene(
                "A and B mixed",
                (MIXED,),
                "The same network, the same number of steps on each task, but in turns of five steps.",
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "Why did A disappear?",
        (
            Option(
                "The weights that held A were overwritten while they learned B.",
                "Yes. Each step moves **all** weights to where the present samples want them, and no sample of B "
                "asks that A be kept.",
                True,
            ),
            Option(
                "The network is too small for ten digits.",
                "The usual guess, and the control rules it out: mixed, the same network learns both.",
            ),
            Option(
                "It had too few steps on A.",
                "It had learned A before B began; the curve stood near the top. What was learned was lost later.",
            ),
            Option(
                "It decided that A was no longer needed.",
                "Nothing in it decides. It never hears that the task changed; it only follows the latest samples.",
            ),
        ),
    ),
    checks=(
        Question(
            "Somebody's network falls from 98 % to 5 % on old data after a week of new data. What should be tried "
            "first to find out whether it is simply too small?",
            (
                Option(
                    "Train a network of the same size on old and new data mixed.",
                    "Right: same size, same data, another order. If it learns both, size was not the cause.",
                    True,
                ),
                Option(
                    "Train a network ten times larger on the new data.",
                    "That changes size and leaves the order as it was, so it cannot tell the two causes apart; and "
                    "larger networks forget too.",
                ),
                Option(
                    "Train longer on the new data.",
                    "More new data overwrites more. This takes forgetting for unfinished learning.",
                ),
            ),
        ),
        Question(
            "When does most of the forgetting happen?",
            (
                Option(
                    "Within the first tenth or two of B.",
                    "Yes: half of A is typically gone after some ten steps of B. The first writes are the largest, "
                    "because the network is most wrong then.",
                    True,
                ),
                Option(
                    "Evenly over all steps of B.",
                    "It looks plausible, but writes are large while the network is surprised, and small later.",
                ),
                Option(
                    "Only at the end, when B is learned well.",
                    "The other way round: by then there is little left of A to lose.",
                ),
            ),
        ),
    ),
    now_you="In the playground, find a stream on which the **single loop** hardly forgets. Try tasks that return "
    "(visits: returning), or the same digits with reordered pixels. Say in one sentence what your stream gives the "
    "network that this one did not.",
    summary=(
        "A network with one clock is one memory: what it learns now is written over what it learned before.",
        "Here accuracy on five old digits falls from nearly all to a few per cent in 100 steps of other digits.",
        "Half of it is gone after some ten steps.",
        "Size is not the cause: with A and B mixed the same network learns both.",
        "So the question of all lessons: how can new things be written without losing the old?",
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
    link_text="The same stream, beside a learner with three clocks and a memory of its inputs",
    teacher=(
        "Let everybody lock a number before anybody runs; most guess 40 to 80 %.",
        "Ask for the cause before showing the mixed control. “Too small” and “too few steps” come up in every class.",
        "New classes are the harsh case: the output for old digits is actively pushed down. With reordered pixels "
        "(lesson 2) the same network keeps about three quarters.",
    ),
    claims=(
        Claim("learned", "A is learned before B begins", lambda s: known(trace(IN_TURN, s), 0, SWITCH), 95, 100, "%"),
        Claim("forgotten", "a few per cent of A are left after B", lambda s: end(trace(IN_TURN, s), 0), 0, 15, "%"),
        Claim("learned B", "B is learned", lambda s: end(trace(IN_TURN, s), 1), 95, 100, "%"),
        Claim("half gone", "half of A is gone after some ten steps", half_gone, 5, 20, "steps"),
        Claim(
            "room",
            "mixed, both are learned: the lower of the two",
            lambda s: float(np.min([end(trace(MIXED, s), t) for t in (0, 1)])),
            88,
            100,
            "%",
        ),
    ),
)
