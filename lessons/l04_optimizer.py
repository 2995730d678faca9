"""Lesson 4: momentum is a memory of gradients; beta sets how long it lasts, and 100 steps after a change A is gone."""

import functools
import math

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Sketch, Step, Steps
from .picture import Figure, Series

BETAS = ("0.5", "0.9", "0.99")
AGES = (0, 7, 22, 44, 100)  # steps into B
LONG = 1500  # steps of A: enough that even beta = 0.99 has filled up


@functools.cache
def weights(beta: float, steps: int = LONG, seed: int = 0) -> tuple[float, ...]:
    """The weight in momentum of the gradient 0, 1, 2, ... steps ago, measured on an optimizer that ran on noise."""
    import torch

    from nested_core.optim import Momentum

    p = torch.nn.Parameter(torch.zeros(1, 2, dtype=torch.float64))
    optimizer, draw = Momentum([p], 1.0, beta), torch.Generator().manual_seed(seed)
    optimizer.watch(steps)
    for _ in range(steps):
        p.grad = torch.randn(1, 2, generator=draw, dtype=torch.float64)
        optimizer.step()
    return tuple(optimizer.memory_of_gradients(steps)[0].tolist())


def share_of_old(beta: float, n: int, seed: int = 0) -> float:
    """Percent of the weight in momentum that lies on gradients older than the last n."""
    found = weights(beta, seed=seed)
    return 100 * sum(found[n:]) / sum(found)


def holding(beta: float, share: float, seed: int = 0) -> int:
    """How many of the latest gradients carry this share of the weight."""
    found = weights(beta, seed=seed)
    total, so_far = sum(found), 0.0
    for n, weight in enumerate(found, 1):
        so_far += weight
        if so_far >= share * total:
            return n
    return len(found)


@functools.cache
def pushes_back(beta: float, seed: int = 0) -> int:
    """Steps of B, whose gradient is the opposite of A's, during which momentum still moves the weight toward A."""
    import torch

    from nested_core.optim import Momentum

    p = torch.nn.Parameter(torch.zeros(1, 3, dtype=torch.float64))
    a = torch.randn(1, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    optimizer = Momentum([p], 1.0, beta)

    def step(gradient) -> float:
        before = p.detach().clone()
        p.grad = gradient.clone()
        optimizer.step()
        return float(((p.detach() - before) * -a).sum())  # above 0: along the direction that A asked for

    for _ in range(LONG):
        step(a)
    n = 0
    while step(-a) > 0:
        n += 1
    return n


def record(option: str) -> tuple[Step, ...]:
    beta = float(option)
    curve = tuple(100 * w * (1 - beta) for w in weights(beta)[:101])
    half, most = holding(beta, 0.5), holding(beta, 0.99)
    steps = [
        Step(
            phrase("What momentum holds"),
            phrase(
                "Before every step the momentum fades to {beta:g} of itself, and the new gradient is added. So the "
                "gradient of n steps ago has weight {beta:g} to the power n. The latest {half} hold half of all "
                "weight, the latest {most} hold 99 %.",
                beta=beta, half=half, most=most,
            ),
            r"m \leftarrow \beta m + g, \qquad \text{weight of } g_{t-n} = \beta^{\,n} = " + f"{beta:g}" + "^{n}",
            (Figure(phrase("Weight of each past gradient"), phrase("gradient of n steps ago"),
                    phrase("share of the weight (%)"),
                    (Series(f"beta = {beta:g}", tuple(range(len(curve))), curve),), high=max(curve)),),
            {"half": half, "most": most},
        )
    ]  # fmt: skip
    for n in AGES:
        old = share_of_old(beta, n)
        title = phrase("The task changes") if n == 0 else phrase("{n} steps into B", n=n)
        text = (
            phrase("Everything in the momentum comes from A. From now on every gradient comes from B.")
            if n == 0
            else phrase(
                "After {n} steps of B, {old} of the momentum still comes from A, the rest from B.",
                n=n,
                old=_percent(old),
            )
        )
        bars = (Series(phrase("share"), (phrase("from A"), phrase("from B")), (old, 100 - old)),)
        steps.append(
            Step(
                title, text, r"\text{from A} = \beta^{\,n} = " + f"{beta:g}^{{{n}}} = " + f"{beta**n:.2g}",
                (Figure(phrase("Where the momentum comes from"), phrase("task"), phrase("share of the momentum (%)"),
                        bars, "bars"),),
                {f"old {n}": old},
            )
        )  # fmt: skip
    back = pushes_back(beta)
    steps.append(
        Step(
            phrase("When B wants the opposite"),
            phrase(
                "Suppose B's gradient points exactly against A's. For {back} steps the optimizer still moves toward A, "
                "because the old gradients outweigh the new ones.",
                back=back,
            ),
            r"\beta^{\,n} > \tfrac12 \;\Rightarrow\; \text{still toward A}",
            (),
            {"back": back},
        )
    )
    return tuple(steps)


def _percent(value: float) -> str:
    return phrase("less than 0.01 %") if value < 0.01 else f"{value:.3g} %"


def reveal(results: Results) -> Revealed:
    old = {o: {k: v for s in steps for k, v in s.values.items()} for o, steps in results.items()}
    truth = tuple(old["0.9"][f"old {n}"] for n in AGES)
    places = tuple(str(n) for n in AGES)
    lines = tuple(Series(f"beta = {o}", places, tuple(old[o][f"old {n}"] for n in AGES)) for o in BETAS)
    sentence = phrase(
        "With beta = 0.9, {a7:.0f} % of the momentum comes from A after 7 steps of B, {a22:.0f} % after 22, {a44:.0f} "
        "% after 44, and {a100} after 100. Half of all weight lies on the latest {half:.0f} gradients, 99 % on the "
        "latest {most:.0f}.",
        a7=truth[1], a22=truth[2], a44=truth[3], a100=_percent(truth[4]),
        half=old["0.9"]["half"], most=old["0.9"]["most"],
    )  # fmt: skip
    title, share = phrase("What momentum still holds of A"), phrase("share from A (%)")
    figure = Figure(title, phrase("steps into B"), share, lines)
    return Revealed(truth, sentence, figure, places)


LESSON = Lesson(
    4,
    "optimizer",
    "The optimizer remembers too",
    7,
    "Momentum is a second memory, of gradients; beta sets how long it remembers, and it is short.",
    "Nested Learning, sections 4.2 and 4.3, equation 33",
    hook="The weights are not the only memory in training. An optimizer with [[momentum]] keeps a running sum of "
    "[[gradient|gradients]]: each step the old sum fades to $\\beta$ of itself and the new gradient is added. So "
    "the optimizer remembers too. How long? It ran for long on task A; now task B begins.",
    prediction=Sketch(
        "beta = 0.9, the usual value. **How much of the momentum still comes from A** after 0, 7, 22, 44 and 100 "
        "steps of B?",
        "steps into B",
        tuple(str(n) for n in AGES),
        "share of the momentum from A",
    ),
    activity=Steps("beta", BETAS, record),
    reveal=reveal,
    why=Question(
        "Why does A fade from the momentum although nothing erases it on purpose?",
        (
            Option(
                "Every step multiplies all old gradients by beta, whatever they were about.",
                "Yes. Fading is blind: it does not ask whether a gradient is still needed.",
                True,
            ),
            Option(
                "B's gradients cancel those of A.",
                "They may in sum, but even where they do not touch A at all, A's share shrinks by beta a step.",
            ),
            Option(
                "The momentum is full after 44 gradients.",
                "A sum is never full. 44 is where 99 % of the weight lies, because old terms have become tiny.",
            ),
        ),
    ),
    checks=(
        Question(
            "beta = 0.9, 100 steps into B. How much of the momentum still comes from A?",
            (
                Option("about 0.003 %", "Right: 0.9 to the power 100 is 0.0000266.", True),
                Option("about 10 %", "That takes 1 − beta for what is left. It is what one step adds."),
                Option(
                    "about 44 %", "44 is a number of gradients, not a share: the latest 44 carry 99 % of the weight."
                ),
                Option("none, exactly", "A geometric sequence never reaches zero; it is only too small to matter."),
            ),
        ),
        Question(
            "beta goes from 0.9 to 0.99. The number of gradients that hold half of the weight goes from 7 to …",
            (
                Option("69", "Right: ten times closer to 1 is ten times longer.", True),
                Option("8", "A change of 0.09 looks small, but what counts is the distance to 1: from 0.1 to 0.01."),
                Option("700", "That would be a hundred times. The memory grows with 1 / (1 − beta): ten times."),
            ),
        ),
    ),
    now_you="Choose beta so that the momentum still holds half of A after 500 steps of B (you need $\\beta^{500} = "
    "1/2$). Then look at the last step of the step-through at beta = 0.99 and say what would go wrong with your "
    "beta when B wants the opposite of A. The paper's answer is not one longer memory but two: a fast and a slow one.",
    summary=(
        "Momentum is a memory whose content is gradients: the gradient of n steps ago has weight beta to the power n.",
        "At 0.9 the latest 7 gradients hold half, the latest 44 hold 99 %; at 0.99 it is 69 and 459.",
        "100 steps after a change of task nothing of the old task is left in it, 0.003 %.",
        "A longer memory is also a slower one: against an opposite gradient it pushes the wrong way for 6 or 68 steps.",
        "One number cannot be fast and long at once; several memories on several clocks can.",
    ),
    link=dict(
        v="1",
        stream="permuted_digits",
        tasks="2",
        rounds="8",
        dwell="40",
        levels="1*0.3_4*0.3_16*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="Two tasks that keep changing every 40 steps: about as long as momentum 0.9 remembers",
    teacher=(
        "Let the class compute “7 of 44”: 0.9 to the 7th is 0.478, so seven gradients hold 52 %, six hold 47 %.",
        "The paper counts indices from 0 and says 6 and 43 where we count gradients and say 7 and 44.",
        "Most sketches fall too slowly: students expect that something is left after 100 steps.",
    ),
    claims=(
        Claim(
            "half at .9", "at 0.9 the latest 7 gradients hold half", lambda s: holding(0.9, 0.5, s), 7, 7, "gradients"
        ),
        Claim("99 % at .9", "at 0.9 the latest 44 hold 99 %", lambda s: holding(0.9, 0.99, s), 44, 44, "gradients"),
        Claim("half at .99", "at 0.99 the latest 69 hold half", lambda s: holding(0.99, 0.5, s), 69, 69, "gradients"),
        Claim(
            "99 % at .99", "at 0.99 the latest 459 hold 99 %", lambda s: holding(0.99, 0.99, s), 459, 459, "gradients"
        ),
        Claim(
            "gone", "100 steps into B 0.003 % is left at 0.9", lambda s: share_of_old(0.9, 100, s), 0.0025, 0.0035, "%"
        ),
        Claim("seven", "7 steps into B 48 % is left at 0.9", lambda s: share_of_old(0.9, 7, s), 47.5, 48.5, "%"),
        Claim(
            "wrong way at .9",
            "6 steps the wrong way at 0.9",
            lambda s: pushes_back(0.9, s),
            6,
            6,
            "steps",
        ),
        Claim("wrong way at .99", "68 steps the wrong way at 0.99", lambda s: pushes_back(0.99, s), 68, 68, "steps"),
        Claim(
            "half after 500",
            "the 500th root of one half, as beta, holds half after 500 steps (arithmetic)",
            lambda s: 100 * (math.pow(0.5, 1 / 500) ** 500),
            49.9,
            50.1,
            "%",
        ),
    ),
)
