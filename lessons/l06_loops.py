"""Lesson 6: loops inside loops. Reading and training are the same thing on different clocks; freeze one and look."""

from dataclasses import replace

from nested_core.config import LearnerConfig, Level, RunConfig, StreamConfig
from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Pick, Question, Results, Revealed, Runs, Scene
from .picture import Figure, Series
from .record import trace

STREAM = StreamConfig("languages", tasks=2, rounds=1, dwell=32, batch=4, length=64)
LEVELS = (Level(1, 1e-2), Level(8, 0.3))
HOPE = LearnerConfig("learning", "hope", "adam", "nested", LEVELS, width=32, layers=1, heads=2)
STILL = tuple(replace(level, paused=True) for level in LEVELS)
LEARNING = RunConfig(STREAM, HOPE, 8)
FROZEN = RunConfig(STREAM, replace(HOPE, name="frozen", levels=STILL), 8)
OPTIONS = (
    "nothing at all",
    "its weights, a little",
    "only a memory that is filled while it reads, and empty again at the next text",
    "its weights and that memory",
)


def moved(run) -> tuple[float, ...]:
    """Mean size of a write in percent of the memory, for each level that wrote; 0 for one that never did."""
    found = []
    for j in range(len(run.levels)):
        wrote = run["change"][:, j][run["wrote"][:, j]]
        found.append(100 * float(wrote.mean()) if len(wrote) else 0.0)
    return tuple(found)


def outcome(context: float, weights: float) -> int:
    return (2 if context > 1 else 0) if weights == 0 else (3 if context > 1 else 1)


def called(level) -> str:
    return phrase("in context") if level["kind"] == "in context" else phrase("every {period}", period=level["period"])


def reveal(results: Results) -> Revealed:
    frozen, learning = results["frozen"][0], results["learning"][0]
    names = tuple(map(called, frozen.levels))
    figure = Figure(
        phrase("Size of one write"), phrase("memory"), phrase("change (% of the memory)"),
        (Series(phrase("frozen"), names, moved(frozen)), Series(phrase("learning"), names, moved(learning))), "bars",
    )  # fmt: skip
    still, live = moved(frozen), moved(learning)
    wrote = learning["wrote"].sum(axis=0)
    sentence = phrase(
        "Frozen, the memory in context changed by {context:.0f} % of its size while it read one text, and the weights "
        "by {still:.0f} %. Learning, the weights moved by {weights:.1f} % a step and the slow level by {slow:.1f} % "
        "every 8 steps: {writes} and {slow_writes} writes in {steps} steps.",
        context=still[0], still=sum(still[1:]), weights=live[1], slow=live[2],
        writes=int(wrote[1]), slow_writes=int(wrote[2]), steps=learning.steps,
    )  # fmt: skip
    return Revealed(outcome(still[0], max(still[1:])), sentence, figure)


LESSON = Lesson(
    6,
    "loops",
    "Loops inside loops",
    7,
    "Reading and training are the same thing on different clocks; each loop has its own stream to learn from.",
    "Nested Learning, section 3.2 (Definition 2, context flow) and section 1 (anterograde amnesia)",
    hook="You type three examples into a chat, and the model gets better at your task. Tomorrow, in a new chat, it has "
    "forgotten them. Did it learn? Here is a very small [[Hope]]. It has three memories on three clocks: one "
    "**in context**, written at every [[token]] while it reads; its **weights**, written at every [[step]]; and a slow "
    "level that holds the [[initial state]], written every 8 steps. We freeze the weights and let it read.",
    prediction=Pick(
        "All weights are frozen. The model reads a text of 64 characters. **What in it has changed afterwards?**",
        OPTIONS,
    ),
    activity=Runs(
        "weights",
        (
            Scene(
                "frozen",
                (FROZEN,),
                "A chat: every level but one is paused. Look at the rows of ticks: which memory still writes?",
            ),
            Scene(
                "learning", (LEARNING,), "The same model in training: now all three rows have ticks, at three spacings."
            ),
        ),
    ),
    reveal=reveal,
    why=Question(
        "In what sense does the frozen model learn?",
        (
            Option(
                "One loop still runs: its memory in context is written while it reads. The slower loops stand still.",
                "Yes. Learning is not one thing that is on or off; each loop has its own clock, and only the fastest "
                "ticks here.",
                True,
            ),
            Option(
                "In none: without gradients there is no learning.",
                "That is the usual picture of “training, then inference”. But the memory in context is written by a "
                "step on an error too (lesson 3), at every token.",
            ),
            Option(
                "Its weights adapt a little to every text.",
                "They were frozen, and the recorded change is exactly zero.",
            ),
        ),
    ),
    checks=(
        Question(
            "What of a chat is left in a frozen model when the next chat begins?",
            (
                Option(
                    "Nothing: what was in context is emptied, and nothing passes to the slower loops.",
                    "Right. The paper compares it with anterograde amnesia: the present is clear, the distant past "
                    "too, and nothing new becomes long-term.",
                    True,
                ),
                Option(
                    "The gist, in the weights.",
                    "No loop on the way from context to weights was running, so nothing could pass.",
                ),
                Option(
                    "Everything, in the memory in context.",
                    "That memory begins empty at every new sequence.",
                ),
            ),
        ),
        Question(
            "Sort from fast to slow: weights in training, memory in context, initial state held every 8 steps.",
            (
                Option(
                    "memory in context, weights, initial state",
                    "Right: every token, every step of many tokens, every 8 steps. (The paper numbers levels the other "
                    "way: the higher, the slower.)",
                    True,
                ),
                Option(
                    "weights, memory in context, initial state",
                    "A step reads many tokens; the memory in context is written at each of them, so it is faster.",
                ),
                Option(
                    "initial state, weights, memory in context",
                    "That is the order from slow to fast. A period of 8 steps is longer, not higher in speed.",
                ),
            ),
        ),
    ),
    now_you="Draw a line from “every token” to “once in a lifetime” and place on it: attention's stored pairs, the "
    "state of linear attention, weights in training, Adam's running mean of squares, the choice of the learning rate, "
    "the design of the model. For each write down what it learns from. Which of them have a loop inside?",
    summary=(
        "A model in training is loops inside loops: each is a memory with its own clock and its own stream.",
        "Frozen weights do not stop all learning: the memory in context is still written, at every token.",
        "But it is emptied with the sequence, and nothing reaches the slower memories.",
        "In training the fast, middle and slow loops all write, at every token, every step and every 8 steps.",
        "So “training” and “inference” differ only in which clocks are allowed to tick.",
    ),
    link=dict(
        v="1",
        stream="languages",
        tasks="3",
        rounds="8",
        dwell="40",
        levels="1*0.01*p_5*0.3*p_40*0.5*p",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="All slow levels paused: only the row in context has ticks (about a minute)",
    teacher=(
        "Ask first: does a chat model learn during a chat? Collect yes and no, and let both sides define learning.",
        "The picture is a raster, not a brain: the comparison with amnesia is the paper's, and only a comparison.",
        "The model is untrained and reads only 64 steps: it is about which parts change, not about good text.",
    ),
    claims=(
        Claim(
            "frozen weights",
            "frozen, the weights change by nothing",
            lambda s: sum(moved(trace(FROZEN, s))[1:]),
            0,
            0,
            "%",
        ),
        Claim(
            "context writes",
            "frozen, the memory in context changes by more than its own half",
            lambda s: moved(trace(FROZEN, s))[0],
            50,
            200,
            "%",
        ),
        Claim(
            "every token",
            "frozen, it writes in every step",
            lambda s: int(trace(FROZEN, s)["wrote"][:, 0].sum()),
            64,
            64,
            "steps",
        ),
        Claim(
            "learning",
            "learning, the weights write 64 times in 64 steps",
            lambda s: int(trace(LEARNING, s)["wrote"][:, 1].sum()),
            64,
            64,
            "writes",
        ),
        Claim(
            "slow level",
            "and the slow level 8 times",
            lambda s: int(trace(LEARNING, s)["wrote"][:, 2].sum()),
            8,
            8,
            "writes",
        ),
        Claim(
            "weights move",
            "learning, the weights move by about a per cent or two a step",
            lambda s: moved(trace(LEARNING, s))[1],
            0.3,
            4,
            "%",
        ),
    ),
)
