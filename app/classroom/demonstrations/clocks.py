"""D4: three clocks in the room and in the network; and what the clocks do, and do not, explain."""

from ..activity import Activity, Axis, Question, Step, exit_ticket

THREE = "stream=permuted_digits"
ONE = "stream=permuted_digits&levels=1*0.3"

CLOCKS = Activity(
    "clocks",
    "Clocks on the wall",
    12,
    (
        Step(
            "Clap",
            "Three groups clap: group A at **every** word, group B at every **4th**, group C at every **16th**. Each "
            "clap: write down one word for what you have heard since your last clap.",
            "0:00. Read two short texts of about 60 words on different themes, without a break. Afterwards ask each "
            "group what the first theme was. Group C still has a card for it.",
        ),
        Step(
            "The same in the network",
            "The nested learner has three blocks with clocks 1, 4 and 16. Every tick below the curves is a write.",
            "3:00. Run the playground, pause anywhere, and point at the ticks. Ask for the number before you reveal.",
            Question(
                "writes",
                "point",
                "How often has the **every 16** block written after 300 steps?",
                axis=Axis("writes", 0, 100, "writes"),
                answer=18,
                outcome="300 / 16 = 18.75, and a write happens only when 16 steps are full: 18 writes.",
            ),
            THREE,
        ),
        Step(
            "Run it",
            "Five pixel orders, one after the other. Watch the first.",
            "5:00. Everybody runs it with another seed; the projector shows all of them together.",
            link=THREE,
            spread=True,
        ),
        Step(
            "Is it the clocks?",
            "The blocks also remember which directions of their **inputs** are in use, and bend every write away from "
            "them. What if only that memory is kept, with a single clock?",
            "8:00. This is the control, and the point of the demonstration. The story so far suggests the clocks.",
            Question(
                "control",
                "choice",
                "One clock, but with the memory of inputs: how does the mean of all tasks end?",
                ("as low as the single loop", "half way", "about as high as with three clocks"),
                answer=2,
                replies=(
                    "The single loop has neither memory; this learner kept one of the two.",
                    "Without its clocks it lost nothing of what protects.",
                    "Yes: on this stream the memory protects, not the clock.",
                ),
                outcome="On digits the memory of inputs keeps the old tasks; the clocks add nothing to it.",
            ),
            ONE,
        ),
        exit_ticket("Name one thing the clocks explain, and one they do not."),
    ),
    idea="A slow memory writes rarely and so keeps longer; whether that is what helps must be tested by a control.",
    wrong=(
        ("A slower clock is just a smaller learning rate.", "It adds up what it saw at the same weights and writes "
         "once; whether that matters is a question for a control with equal movement."),
        ("Every 16 wrote 19 times.", "It writes only when 16 steps are full: 18 x 16 = 288, and 12 steps wait."),
        ("Three clocks are better than one, as the picture shows.", "The picture shows clocks and memory together. "
         "Take the clocks away: nothing gets worse."),
    ),
)  # fmt: skip
