"""D3: momentum is a memory of gradients, and a short one. Arithmetic first, then what it means for an old task."""

from ..activity import Activity, Axis, Question, Step, exit_ticket

TWO = "stream=permuted_digits&tasks=2"

MOMENTUM = Activity(
    "momentum",
    "Momentum has amnesia",
    8,
    (
        Step(
            "A memory in the optimizer",
            "Momentum adds up past gradients. Each step keeps **0.9** of what was there and adds the new gradient with "
            "weight 0.1. So the gradient of n steps ago counts 0.9ⁿ as much as the newest.",
            "0:00. Hand out cards, one gradient each. A student in front holds the momentum: at each step everybody's "
            "card is worth nine tenths of what it was. The link shows what is at stake: two tasks, the first lost.",
            link=TWO,
        ),
        Step(
            "How far back does half of it lie?",
            "0.9 × 0.9 × 0.9 … : add up the weights of the newest gradients until you have half of all.",
            "2:00. Let them compute: 1 − 0.9ⁿ is the share of the newest n. 0.9⁷ = 0.48, so seven gradients carry "
            "half; 0.9⁴⁴ = 0.0097, so 44 carry 99 %.",
            Question(
                "half",
                "point",
                "How many of the newest gradients carry **half** of the momentum?",
                axis=Axis("gradients", 0, 100, "gradients"),
                answer=7,
                outcome="Seven carry half, 44 carry 99 %: 1 − 0.9⁷ = 0.52 and 1 − 0.9⁴⁴ = 0.99.",
            ),
        ),
        Step(
            "The task changes",
            "The network now learns task 2. Its momentum still holds gradients of task 1.",
            "4:30. Most answer in hundreds of steps. Lock before you compute 0.9¹⁰⁰ together.",
            Question(
                "gone",
                "choice",
                "After 100 steps of task 2: how much of the momentum still comes from task 1?",
                ("about half", "about a tenth", "about one in a hundred", "about three in 100,000"),
                answer=3,
                replies=(
                    "That is so after seven steps of task 2.",
                    "That is so after 22 steps: 0.9²² = 0.098.",
                    "That is so after 44 steps: 0.9⁴⁴ = 0.0097.",
                    "Yes: 0.9¹⁰⁰ = 0.000027.",
                ),
                outcome="0.9¹⁰⁰ = 0.000027: nothing that the optimizer holds can bring task 1 back.",
            ),
        ),
        Step(
            "What could remember longer?",
            "M3 keeps a second, slower momentum beside the first.",
            "6:30. In the recorded runs M3's slow memory reached further back, yet on orthogonal tasks it did not "
            "protect task 1 better than momentum did; only a memory of the inputs did. Say so: a longer memory is not "
            "yet a useful one.",
            Question(
                "longer",
                "choice",
                "Does a longer memory of gradients keep task 1?",
                ("Yes, it must", "Not by itself", "It makes no difference to anything"),
                answer=1,
                replies=(
                    "It remembered, and task 1 was lost all the same: old gradients point to where the weights were.",
                    "Right: what was measured is a longer memory and no better protection.",
                    "It does reach further back; that alone does not keep the task.",
                ),
                outcome="Measured: M3 reaches 155 gradients further back than momentum, and forgets no less.",
            ),
        ),
        exit_ticket("What does momentum remember, and for how long?"),
    ),
    idea="Momentum is a memory of gradients. At 0.9 half of it is seven steps old at most.",
    wrong=(
        ("It remembers everything, since nothing is ever removed.", "Each step multiplies by 0.9: after 44 steps one "
         "in a hundred is left."),
        ("Half is reached at ten gradients, since 1 / 0.1 = 10.", "Ten is the mean age; half of the weight lies in "
         "the newest seven."),
        ("A larger momentum solves it.", "At 0.99 half lies in 69 gradients: longer, and also slower to turn."),
    ),
    cited="demos/RESULTS.md, optimizers, 10 seeds: 7 gradients carry 50 %, 44 carry 99 %; M3's slow memory reaches 155 "
    "gradients further back; orthogonal tasks, error of both at the end, M3 below momentum: −0.024 [−0.029, −0.018], "
    "not reproduced; a memory of inputs below momentum: 0.048 [0.042, 0.054], reproduced.",
)  # fmt: skip
