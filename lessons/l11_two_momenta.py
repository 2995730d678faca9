"""Extra lesson: two momenta. M3 keeps a fast and a slow memory of gradients, on two clocks."""

import functools

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Sketch, Step, Steps
from .picture import Figure, Series

PERIODS = ("20", "100", "200")
LONG = 200  # steps of A
AGES = (20, 100, 150, 300, 500)  # steps into B
BETA = 0.9


@functools.cache
def weights(period: int, steps: int, seed: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The weights of the latest `steps` gradients, newest first, in M3's fast and slow memory: measured, on noise."""
    import torch

    from nested_core.optim import M3

    p = torch.nn.Parameter(torch.zeros(2, 3, dtype=torch.float64))
    optimizer, draw = M3([p], 0.01, momentum=BETA, period=period), torch.Generator().manual_seed(seed)
    optimizer.watch(steps)
    for _ in range(steps):
        p.grad = torch.randn(2, 3, generator=draw, dtype=torch.float64)
        optimizer.step()
    fast, slow = optimizer.memory_of_gradients(steps).tolist()
    return tuple(fast), tuple(slow)


def share(memory: int, period: int, n: int, seed: int = 0) -> float:
    """Percent of memory 0 (fast) or 1 (slow) that comes from A, n steps into B; 0 while it is empty."""
    found = weights(period, LONG + n, seed)[memory]
    total = sum(found)
    return 100 * sum(found[n:]) / total if total else 0.0


def record(option: str) -> tuple[Step, ...]:
    period = int(option)
    names, steps = (phrase("fast"), phrase("slow")), []
    for n in (0, *AGES):
        fast, slow = share(0, period, n), share(1, period, n)
        bars = (
            Series(phrase("from A"), names, (fast, slow)),
            Series(phrase("from B"), names, (100 - fast, 100 - slow)),
        )
        due = (LONG + n - 1) // period  # windows that the slow memory has taken over
        steps.append(
            Step(
                phrase("The task changes") if n == 0 else phrase("{n} steps into B", n=n),
                phrase(
                    "The fast memory comes {fast:.3g} % from A, the slow one {slow:.3g} %. The slow one has taken over "
                    "{due} windows of {period} gradients so far, and nothing in it fades.",
                    fast=fast, slow=slow, due=due, period=period,
                ),
                r"\text{slow} \leftarrow \text{slow} + \beta_3 \sum_{\text{window}} g"
                r"\quad\text{every } " + str(period) + r"\text{ steps}",
                (Figure(phrase("Where both memories come from"), phrase("memory"), phrase("share (%)"), bars, "bars"),),
                {f"fast {n}": fast, f"slow {n}": slow},
            )
        )  # fmt: skip
    return tuple(steps)


def reveal(results: Results) -> Revealed:
    values = {k: v for step in results["100"] for k, v in step.values.items()}
    places = tuple(str(n) for n in AGES)
    truth = tuple(values[f"slow {n}"] for n in AGES)
    fast = tuple(values[f"fast {n}"] for n in AGES)
    figure = Figure(
        phrase("What is still there of A (period 100)"), phrase("steps into B"), phrase("share from A (%)"),
        (Series(phrase("slow memory"), places, truth), Series(phrase("fast memory"), places, fast)),
    )  # fmt: skip
    sentence = phrase(
        "The slow memory is all A until a whole window of B has been taken over: {slow[0]:.0f} % after 20 steps, "
        "{slow[1]:.0f} % after 100, {slow[2]:.0f} % after 150, {slow[4]:.0f} % after 500. The fast one holds "
        "{fast[0]:.0f} % after 20 and practically nothing after 100.",
        slow=truth,
        fast=fast,
    )
    return Revealed(truth, sentence, figure, places)


LESSON = Lesson(
    11,
    "two_momenta",
    "Extra: two momenta",
    6,
    "An optimizer can remember on two clocks: M3 adds a slow memory of gradients to the fast one.",
    "Nested Learning, section 7.2, Algorithm 1",
    hook="Lesson 4 ended with a wish: a memory of gradients that is fast *and* long. [[M3]] keeps two. The fast one is "
    "[[momentum]], fading to 0.9 of itself at each step. The slow one waits: every 100 steps it takes over the sum of "
    "the last 100 gradients, and never fades. A ran for 200 steps; now B begins.",
    prediction=Sketch(
        "**How much of the slow memory comes from A** after 20, 100, 150, 300 and 500 steps of B?",
        "steps into B",
        tuple(map(str, AGES)),
        "share of the slow memory from A",
    ),
    activity=Steps("period of the slow memory", PERIODS, record),
    reveal=reveal,
    why=Question(
        "Why does A's share in the slow memory fall at all, although nothing fades there?",
        (
            Option(
                "Windows of B are added; A stays as large as it was, beside more and more of B.",
                "Yes: it is diluted, not forgotten. 200 of 300 gradients are two thirds, 200 of 600 one third.",
                True,
            ),
            Option(
                "Old gradients fade, only more slowly.",
                "In the slow memory of the paper's algorithm nothing is multiplied by anything below one.",
            ),
            Option(
                "It is overwritten every 100 steps.",
                "It is added to. Overwriting would leave only the latest window.",
            ),
        ),
    ),
    checks=(
        Question(
            "Forty steps into B with period 100: what does the slow memory know of B?",
            (
                Option(
                    "Nothing: its next write comes when the window is full.",
                    "Right. A slow clock is late on purpose: it takes over whole windows only.",
                    True,
                ),
                Option("40 % of what it knows", "The window is still being filled; none of it has been handed over."),
                Option("All of it, since sums never fade", "What has not been added cannot be in the sum."),
            ),
        ),
        Question(
            "The slow memory still knows A. Does that mean that the weights keep A?",
            (
                Option(
                    "No: it says where later steps are pushed, and that may help or get in the way.",
                    "Right. In our measurements (demos/RESULTS.md) M3 forgets no less on orthogonal tasks than "
                    "momentum: that claim "
                    "did not reproduce. Remembering gradients is not the same as keeping a skill.",
                    True,
                ),
                Option(
                    "Yes: what the optimizer knows, the model knows.",
                    "The optimizer holds directions of past errors; what the model answers lies in its weights.",
                ),
                Option(
                    "Yes, if the slow memory gets enough weight.",
                    "More weight pushes harder along old directions, also where they are wrong by now.",
                ),
            ),
        ),
    ),
    now_you="Choose the period for a stream whose tasks change every 150 steps, so that at the end of each visit the "
    "slow memory holds something of this task and of the one before. Say what a period of 1 would make of the slow "
    "memory, and what a period of 1000 would.",
    summary=(
        "M3 keeps two memories of gradients: one fades within some 44 steps, one adds up whole windows and never "
        "fades.",
        "With period 100 the slow memory is all A until 100 steps into B, and still a third A after 500.",
        "The fast one has practically nothing of A left after 100 steps.",
        "A slow clock is late: within its window it knows nothing of what is new.",
        "Remembering gradients is not keeping a skill: whether it helps has to be measured, and here it often did not.",
    ),
    link=dict(
        v="1",
        stream="permuted_digits",
        tasks="2",
        rounds="1",
        dwell="100",
        levels="1*0.3_100*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="A level that writes every 100 steps, from the sum of its window",
    teacher=(
        "Most sketches fall smoothly; the true curve stands still and then falls in jumps, one a window.",
        "Dilution against fading is the point: compare with lesson 4.",
        "Do not sell M3: on digits it is not below Muon, which lacks the slow memory (demos/RESULTS.md).",
    ),
    claims=(
        Claim("all A", "20 steps into B the slow memory is all A", lambda s: share(1, 100, 20, s), 100, 100, "%"),
        Claim("still all A", "and 100 steps into B", lambda s: share(1, 100, 100, s), 100, 100, "%"),
        Claim("two thirds", "150 steps into B it is two thirds A", lambda s: share(1, 100, 150, s), 66, 67.5, "%"),
        Claim("a third", "500 steps into B it is a third A", lambda s: share(1, 100, 500, s), 33, 34, "%"),
        Claim(
            "fast, 20",
            "the fast memory holds 12 % of A after 20 steps",
            lambda s: share(0, 100, 20, s),
            11.5,
            12.5,
            "%",
        ),
        Claim("fast, 100", "and practically nothing after 100", lambda s: share(0, 100, 100, s), 0, 0.01, "%"),
    ),
)
