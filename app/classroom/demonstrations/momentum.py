"""D3: momentum is a memory of gradients, and a short one. Arithmetic first, then what it means for an old task."""

from nested_core.phrase import phrase

from ..activity import Activity, Axis, Question, Step, exit_ticket

TWO = "stream=permuted_digits&tasks=2"

MOMENTUM = Activity(
    "momentum",
    phrase("Momentum has amnesia"),
    8,
    (
        Step(
            phrase("A memory in the optimizer"),
            phrase(
                "Momentum adds up past gradients. Each step keeps **0.9** of what was there and adds the new gradient "
                "with weight 0.1. So the gradient of n steps ago counts 0.9ⁿ as much as the newest."
            ),
            phrase(
                "0:00. Hand out cards, one gradient each. A student in front holds the momentum: at each step "
                "everybody's card is worth nine tenths of what it was. The link shows what is at stake: two tasks, the "
                "first lost."
            ),
            link=TWO,
        ),
        Step(
            phrase("How far back does half of it lie?"),
            phrase("0.9 × 0.9 × 0.9 … : add up the weights of the newest gradients until you have half of all."),
            phrase(
                "2:00. Let them compute: 1 − 0.9ⁿ is the share of the newest n. 0.9⁷ = 0.48, so seven gradients carry "
                "half; 0.9⁴⁴ = 0.0097, so 44 carry 99 %."
            ),
            Question(
                "half",
                "point",
                phrase("How many of the newest gradients carry **half** of the momentum?"),
                axis=Axis(phrase("gradients"), 0, 100, phrase("gradients")),
                answer=7,
                outcome=phrase("Seven carry half, 44 carry 99 %: 1 − 0.9⁷ = 0.52 and 1 − 0.9⁴⁴ = 0.99."),
            ),
        ),
        Step(
            phrase("The task changes"),
            phrase("The network now learns task 2. Its momentum still holds gradients of task 1."),
            phrase("4:30. Most answer in hundreds of steps. Lock before you compute 0.9¹⁰⁰ together."),
            Question(
                "gone",
                "choice",
                phrase("After 100 steps of task 2: how much of the momentum still comes from task 1?"),
                (
                    phrase("about half"),
                    phrase("about a tenth"),
                    phrase("about one in a hundred"),
                    phrase("about three in 100,000"),
                ),
                answer=3,
                replies=(
                    phrase("That is so after seven steps of task 2."),
                    phrase("That is so after 22 steps: 0.9²² = 0.098."),
                    phrase("That is so after 44 steps: 0.9⁴⁴ = 0.0097."),
                    phrase("Yes: 0.9¹⁰⁰ = 0.000027."),
                ),
                outcome=phrase("0.9¹⁰⁰ = 0.000027: nothing that the optimizer holds can bring task 1 back."),
            ),
        ),
        Step(
            phrase("What could remember longer?"),
            phrase("M3 keeps a second, slower momentum beside the first."),
            phrase(
                "6:30. In the recorded runs M3's slow memory reached further back, yet on orthogonal tasks it did not "
                "protect task 1 better than momentum did; only a memory of the inputs did. Say so: a longer memory is "
                "not yet a useful one."
            ),
            Question(
                "longer",
                "choice",
                phrase("Does a longer memory of gradients keep task 1?"),
                (phrase("Yes, it must"), phrase("Not by itself"), phrase("It makes no difference to anything")),
                answer=1,
                replies=(
                    phrase(
                        "It remembered, and task 1 was lost all the same: old gradients point to where the weights "
                        "were."
                    ),
                    phrase("Right: what was measured is a longer memory and no better protection."),
                    phrase("It does reach further back; that alone does not keep the task."),
                ),
                outcome=phrase("Measured: M3 reaches 155 gradients further back than momentum, and forgets no less."),
            ),
        ),
        exit_ticket(phrase("What does momentum remember, and for how long?")),
    ),
    idea=phrase("Momentum is a memory of gradients. At 0.9 half of it is seven steps old at most."),
    wrong=(
        (
            phrase("It remembers everything, since nothing is ever removed."),
            phrase("Each step multiplies by 0.9: after 44 steps one in a hundred is left."),
        ),
        (
            phrase("Half is reached at ten gradients, since 1 / 0.1 = 10."),
            phrase("Ten is the mean age; half of the weight lies in the newest seven."),
        ),
        (
            phrase("A larger momentum solves it."),
            phrase("At 0.99 half lies in 69 gradients: longer, and also slower to turn."),
        ),
    ),
    cited=phrase(
        "demos/RESULTS.md, optimizers, 10 seeds: 7 gradients carry 50 %, 44 carry 99 %; M3's slow memory reaches 155 "
        "gradients further back; orthogonal tasks, error of both at the end, M3 below momentum: −0.024 [−0.029, "
        "−0.018], not reproduced; a memory of inputs below momentum: 0.048 [0.042, 0.054], reproduced."
    ),
)
