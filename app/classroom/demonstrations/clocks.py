"""D4: three clocks in the room and in the network; and what the clocks do, and do not, explain."""

from nested_core.phrase import phrase

from ..activity import Activity, Axis, Question, Step, exit_ticket

THREE = "stream=permuted_digits"
ONE = "stream=permuted_digits&levels=1*0.3"

CLOCKS = Activity(
    "clocks",
    phrase("Clocks on the wall"),
    12,
    (
        Step(
            phrase("Clap"),
            phrase(
                "Three groups clap: group A at **every** word, group B at every **4th**, group C at every **16th**. "
                "Each clap: write down one word for what you have heard since your last clap."
            ),
            phrase(
                "0:00. Read two short texts of about 60 words on different themes, without a break. Afterwards ask "
                "each group what the first theme was. Group C still has a card for it."
            ),
        ),
        Step(
            phrase("The same in the network"),
            phrase(
                "The nested learner has three blocks with clocks 1, 4 and 16. Every tick below the curves is a write."
            ),
            phrase(
                "3:00. Run the playground, pause anywhere, and point at the ticks. Ask for the number before you "
                "reveal."
            ),
            Question(
                "writes",
                "point",
                phrase("How often has the **every 16** block written after 300 steps?"),
                axis=Axis(phrase("writes"), 0, 100, phrase("writes")),
                answer=18,
                outcome=phrase("300 / 16 = 18.75, and a write happens only when 16 steps are full: 18 writes."),
            ),
            THREE,
        ),
        Step(
            phrase("Run it"),
            phrase("Five pixel orders, one after the other. Watch the first."),
            phrase("5:00. Everybody runs it with another seed; the projector shows all of them together."),
            link=THREE,
            spread=True,
        ),
        Step(
            phrase("Is it the clocks?"),
            phrase(
                "The blocks also remember which directions of their **inputs** are in use, and bend every write away "
                "from them. What if only that memory is kept, with a single clock?"
            ),
            phrase(
                "8:00. This is the control, and the point of the demonstration. The story so far suggests the clocks."
            ),
            Question(
                "control",
                "choice",
                phrase("One clock, but with the memory of inputs: how does the mean of all tasks end?"),
                (phrase("as low as the single loop"), phrase("half way"), phrase("about as high as with three clocks")),
                answer=2,
                replies=(
                    phrase("The single loop has neither memory; this learner kept one of the two."),
                    phrase("Without its clocks it lost nothing of what protects."),
                    phrase("Yes: on this stream the memory protects, not the clock."),
                ),
                outcome=phrase("On digits the memory of inputs keeps the old tasks; the clocks add nothing to it."),
            ),
            ONE,
        ),
        exit_ticket(phrase("Name one thing the clocks explain, and one they do not.")),
    ),
    idea=phrase(
        "A slow memory writes rarely and so keeps longer; whether that is what helps must be tested by a control."
    ),
    wrong=(
        (
            phrase("A slower clock is just a smaller learning rate."),
            phrase(
                "It adds up what it saw at the same weights and writes once; whether that matters is a question for a "
                "control with equal movement."
            ),
        ),
        (
            phrase("Every 16 wrote 19 times."),
            phrase("It writes only when 16 steps are full: 18 x 16 = 288, and 12 steps wait."),
        ),
        (
            phrase("Three clocks are better than one, as the picture shows."),
            phrase("The picture shows clocks and memory together. Take the clocks away: nothing gets worse."),
        ),
    ),
)
