"""Lesson 3: a weight update is a write to a memory: input -> how wrong it was. Hebbian and delta rule, step by step."""

import functools

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Point, Question, Results, Revealed, Step, Steps
from .picture import Figure, Matrix, Series, matrix

OVERLAPS = ("0", "0.3", "0.6", "0.9")
COLOURS = RED, GREEN, BLUE = phrase("red"), phrase("green"), phrase("blue")
CAT, DOG = phrase("cat"), phrase("dog")
CARDS = ((CAT, RED), (DOG, GREEN), (CAT, BLUE))
PRACTICE = 10  # rounds over both facts
NAMES = {"hebbian": phrase("plain (Hebbian)"), "delta": phrase("delta rule")}
RULES = tuple(NAMES)


@functools.cache
def facts(overlap: float, seed: int = -1):
    """Unit keys of cat and dog in two dimensions with this overlap (turned at random for a seed), values one-hot."""
    import torch

    angle = 0.0 if seed < 0 else 6.28 * torch.rand((), generator=torch.Generator().manual_seed(seed)).item()
    turn = torch.tensor(angle, dtype=torch.float64)
    c = torch.tensor(overlap, dtype=torch.float64)
    R = torch.stack([torch.stack([turn.cos(), -turn.sin()]), torch.stack([turn.sin(), turn.cos()])])
    keys = {"cat": R @ torch.stack([c * 0 + 1, c * 0]), "dog": R @ torch.stack([c, (1 - c * c).sqrt()])}
    return keys, dict(zip(COLOURS, torch.eye(3, dtype=torch.float64), strict=True))


def write(rule: str, cards, overlap: float, seed: int = -1):
    """The memory [colour, key] after these cards were written one by one."""
    from nested_core.memory import MEMORIES

    keys, values = facts(overlap, seed)
    M = MEMORIES[rule].start(3, 2)
    for animal, colour in cards:
        M = MEMORIES[rule].write(M, keys[animal], values[colour])
    return M


def asked(rule: str, cards, overlap: float, animal: str, seed: int = -1) -> dict[str, float]:
    """What the memory answers for an animal: how much of each colour, in percent."""
    answer = write(rule, cards, overlap, seed) @ facts(overlap, seed)[0][animal]
    return {colour: 100 * float(x) for colour, x in zip(COLOURS, answer, strict=True)}


def surprise(rule: str, cards, overlap: float, seed: int = -1) -> float:
    """|v - M k| of the last card before it is written."""
    keys, values = facts(overlap, seed)
    animal, colour = cards[-1]
    return float((values[colour] - write(rule, cards[:-1], overlap, seed) @ keys[animal]).norm())


def practised(rounds: int):
    """dog -> green and cat -> red, over and over."""
    return ((CAT, RED), (DOG, GREEN)) * rounds


def answers(cards, overlap: float, animal: str) -> Figure:
    """The answers of both rules as bars."""
    bars = tuple(
        Series(NAMES[rule], COLOURS, tuple(found.values()))
        for rule in RULES
        for found in [asked(rule, cards, overlap, animal)]
    )
    title, part = phrase("Asked for {animal}", animal=animal), phrase("part of the answer (%)")
    return Figure(title, phrase("colour"), part, bars, "bars", -20, 110)


def contents(rule: str, cards, overlap: float) -> Matrix:
    name = {"hebbian": phrase("plain memory"), "delta": phrase("delta memory")}[rule]
    return matrix(name, COLOURS, ("k1", "k2"), write(rule, cards, overlap))


def record(option: str) -> tuple[Step, ...]:
    c = float(option)
    steps = [
        Step(
            phrase("An empty memory"),
            phrase(
                "The memory is a matrix with a row for each colour. A question is a key, a list of two numbers: cat is "
                "(1, 0), dog is ({overlap:g}, {rest:.2g}). Their overlap is {overlap:g}. The answer is matrix times "
                "key; now it is nothing.",
                overlap=c, rest=(1 - c * c) ** 0.5,
            ),
            r"\text{answer} = M k",
            (contents("delta", (), c),),
        )
    ]  # fmt: skip
    for n, (animal, colour) in enumerate(CARDS, 1):
        now = CARDS[:n]
        size = {rule: surprise(rule, now, c) for rule in RULES}
        steps.append(
            Step(
                phrase("Write {animal} → {colour}", animal=animal, colour=colour),
                phrase(
                    "The delta rule first asks: what do I answer now? It is wrong by {error:.2f} (the [[surprise]]), "
                    "and writes that error under the key. The plain rule never asks; it adds {colour}.",
                    error=size["delta"], colour=colour,
                ),
                r"M \leftarrow M + (v - M k)\,k^\top,\qquad \lVert v - M k\rVert = " + f"{size['delta']:.2f}",
                (contents("hebbian", now, c), contents("delta", now, c), answers(now, c, animal)),
                {f"surprise {n}": size["delta"]},
            )
        )  # fmt: skip
        if n == 2:
            plain, delta = (asked(rule, now, c, CAT) for rule in RULES)
            steps.append(
                Step(
                    phrase("Ask for cat, which nobody touched"),
                    phrase(
                        "Writing dog changed the answer for cat, because the keys overlap by {overlap:g}. Plain: "
                        "{red:.0f} % red and {green:.0f} % green. Delta: {delta_red:.0f} % red and {delta_green:.0f} % "
                        "green.",
                        overlap=c, red=plain[RED], green=plain[GREEN], delta_red=delta[RED], delta_green=delta[GREEN],
                    ),
                    r"M k_\mathrm{cat} = v_\mathrm{red} + (k_\mathrm{dog}^\top k_\mathrm{cat})\,v_\mathrm{green}"
                    r"\quad\text{(plain)}",
                    (answers(now, c, CAT),),
                    {"mixed in": plain[GREEN], "delta mixed in": delta[GREEN]},
                )
            )  # fmt: skip
        if n == 3:
            steps.append(
                Step(
                    phrase("Ask for cat again"),
                    phrase(
                        "The plain memory answers with everything that was ever written under cat, and what leaked in "
                        "from dog. The delta rule erased its old answer as it wrote: only blue is left."
                    ),
                    "",
                    (answers(now, c, CAT),),
                    {f"plain {x}": v for x, v in asked("hebbian", now, c, CAT).items()},
                )
            )
    plain, delta = (asked(rule, practised(PRACTICE), c, CAT) for rule in RULES)
    steps.append(
        Step(
            phrase("Practise two facts {times} times", times=PRACTICE),
            phrase(
                "A fresh memory writes cat → red and dog → green in turn, {times} times. The delta rule ends with cat "
                "at {red:.0f} % red and {green:.0f} % green. The plain rule has added everything up: {plain:.0f} % "
                "red.",
                times=PRACTICE, red=delta[RED], green=delta[GREEN], plain=plain[RED],
            ),
            "",
            (contents("hebbian", practised(PRACTICE), c), contents("delta", practised(PRACTICE), c)),
            {"practised": delta[RED]},
        )
    )  # fmt: skip
    return tuple(steps)


def reveal(results: Results) -> Revealed:
    find = {option: next(s for s in steps if "mixed in" in s.values).values for option, steps in results.items()}
    truth = find["0.6"]["mixed in"]
    figure = Figure(
        phrase("Green in the answer for cat, after dog → green was written"), phrase("overlap of the two keys"),
        phrase("green (%)"),
        tuple(
            Series(name, OVERLAPS, tuple(find[o][value] for o in OVERLAPS))
            for name, value in ((NAMES["hebbian"], "mixed in"), (NAMES["delta"], "delta mixed in"))
        ),
    )  # fmt: skip
    sentence = phrase(
        "With overlap 0.6, {truth:.0f} % of green leaks into the answer for cat; with 0.9 it is {most:.0f} %, with 0 "
        "it is {least:.0f} %. The leak is the overlap itself, for both rules: a write reaches every key that resembles "
        "it.",
        truth=truth, most=find["0.9"]["mixed in"], least=find["0"]["mixed in"],
    )  # fmt: skip
    return Revealed(truth, sentence, figure, ("0.6",))


LESSON = Lesson(
    3,
    "write",
    "A weight update is a write to memory",
    8,
    "A gradient step stores “this input: how wrong I was”; a bigger surprise is a bigger write.",
    "Nested Learning, sections 3.1 (Definition 1) and 5, equations 5, 64, 65",
    hook="What is a weight update? Take the smallest network there is: one matrix $M$ that is asked with a [[key]] and "
    "answers with a [[value]]. Cards such as cat → red are written into it. The *plain* rule adds value times key; "
    "the [[delta rule]] adds the **error** times key, which is exactly a step of gradient descent on $|Mk - v|^2/2$.",
    prediction=Point(
        "The keys of cat and dog overlap by 0.6. Written are cat → red and then dog → green, with the plain rule. Now "
        "you ask for **cat**. **How much green is mixed into the answer?** (100 %: as much as if green had been "
        "written under cat.)",
        "green in the answer for cat",
    ),
    activity=Steps("overlap of the keys", OVERLAPS, record),
    reveal=reveal,
    why=Question(
        "Why does writing dog change the answer for cat?",
        (
            Option(
                "A write goes to a direction, and every key that has a part along it reads that part.",
                "Yes: $M k_{cat}$ contains $v_{green}$ times $k_{dog}\\cdot k_{cat}$, the overlap.",
                True,
            ),
            Option(
                "The memory has too few cells.",
                "Two keys fit into two dimensions perfectly, if they are orthogonal. It is the angle, not the room.",
            ),
            Option(
                "The last write always has priority.",
                "The matrix keeps no order at all; it only adds. Nothing in it knows what came last.",
            ),
        ),
    ),
    checks=(
        Question(
            "Write k → v₁, later k → v₂ (same key, unit length). Asking k gives …",
            (
                Option(
                    "v₁ + v₂ with the plain rule, v₂ with the delta rule",
                    "Right: the delta rule subtracts what k already answers, so the new value replaces the old.",
                    True,
                ),
                Option(
                    "v₂ with both", "That treats a matrix as a drawer that is overwritten. The plain rule only adds."
                ),
                Option(
                    "the mean of v₁ and v₂ with both",
                    "Nobody divides by the number of writes: the plain rule gives the sum.",
                ),
            ),
        ),
        Question(
            "The delta rule writes a card that the memory already answers exactly. What happens?",
            (
                Option(
                    "Nothing: the surprise is 0, and so is the write.",
                    "Yes. That is why training slows down when a network is right, and why the first steps on a new "
                    "task are the largest.",
                    True,
                ),
                Option(
                    "The card is stored twice as firmly.",
                    "That is the plain rule. For the delta rule the error is what is written, and it is zero.",
                ),
                Option("Other cards are strengthened.", "A write of size zero changes nothing anywhere."),
            ),
        ),
    ),
    now_you="Set the overlap to 0 and step through: no leak at all. Two dimensions hold two such keys. How many facts "
    "can a matrix with four columns hold without any leak, and what must happen when a fifth arrives? Then look at the "
    "last step at overlap 0.9: practice helps the delta rule, but does it get there in ten rounds?",
    summary=(
        "A matrix is a memory: key in, value out; writing adds value times key.",
        "The plain (Hebbian) rule adds; the delta rule writes only the error, and so replaces.",
        "The delta rule is one step of gradient descent: training a network is writing its errors into a memory.",
        "A write leaks into other keys by exactly their overlap; orthogonal keys do not interfere.",
        "Forgetting is this leak: new inputs that resemble old ones overwrite their answers.",
    ),
    link=dict(
        v="1",
        stream="permuted_digits",
        tasks="2",
        rounds="1",
        dwell="100",
        levels="1*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="A memory of inputs that bends writes away from directions in use, at work on digits",
    teacher=(
        "Do the first two writes on the board: the outer product is one column at overlap 0.",
        "“Too few cells” is the common wrong cause; show overlap 0 with the same two dimensions.",
        "The delta rule does not stop the leak (both rules leak the overlap). What it stops is adding up; with "
        "practice it finds a matrix that answers both cards.",
    ),
    claims=(
        Claim(
            "leak",
            "overlap 0.6 leaks 60 % of green into cat, plain rule",
            lambda s: asked("hebbian", CARDS[:2], 0.6, "cat", s)["green"],
            59.9,
            60.1,
            "%",
        ),
        Claim(
            "delta leaks too",
            "and as much with the delta rule",
            lambda s: asked("delta", CARDS[:2], 0.6, "cat", s)["green"],
            59.9,
            60.1,
            "%",
        ),
        Claim(
            "no overlap, no leak",
            "overlap 0 leaks nothing",
            lambda s: asked("hebbian", CARDS[:2], 0.0, "cat", s)["green"],
            -0.1,
            0.1,
            "%",
        ),
        Claim(
            "plain adds",
            "cat → red, cat → blue: the plain rule still answers all of red",
            lambda s: asked("hebbian", (CARDS[0], CARDS[2]), 0.6, "cat", s)["red"],
            99.9,
            100.1,
            "%",
        ),
        Claim(
            "delta replaces",
            "the delta rule answers no red any more",
            lambda s: asked("delta", (CARDS[0], CARDS[2]), 0.6, "cat", s)["red"],
            -0.1,
            0.1,
            "%",
        ),
        Claim(
            "known card",
            "a card that is answered exactly is no surprise",
            lambda s: surprise("delta", (CARDS[0], CARDS[0]), 0.6, s),
            -1e-6,
            1e-6,
        ),
        Claim(
            "practice helps",
            "after ten rounds at overlap 0.6 cat is answered red",
            lambda s: asked("delta", practised(PRACTICE), 0.6, "cat", s)["red"],
            98,
            102,
            "%",
        ),
        Claim(
            "practice is slow",
            "at overlap 0.9 ten rounds are not enough",
            lambda s: asked("delta", practised(PRACTICE), 0.9, "cat", s)["green"],
            5,
            90,
            "%",
        ),
    ),
)
