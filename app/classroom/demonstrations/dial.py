"""D2: one learning rate sets both how much is learned and how much is lost; no value of it wins on both."""

from nested_core.phrase import phrase

from ..activity import Activity, Question, Step, exit_ticket

LOW, MIDDLE, HIGH = (
    f"stream=languages&tasks=2&rounds=1&dwell=60&levels=1*{rate}&with=none" for rate in ("0.0005", "0.003", "0.02")
)
RATES = (phrase("low: 0.0005"), phrase("middle: 0.003"), phrase("high: 0.02"))

DIAL = Activity(
    "dial",
    phrase("The dial"),
    8,
    (
        Step(
            phrase("One dial"),
            phrase(
                "A small language model reads **English** for 60 steps, then **Python** for 60. One number, the "
                "learning rate, says how hard it writes. Three volunteers each take one: low, middle, high."
            ),
            phrase(
                "0:00. Each volunteer says in one sentence why theirs will win. Scores are bits per character: lower "
                "is better, about 6 is guessing."
            ),
            link=MIDDLE,
        ),
        Step(
            phrase("Who loses most?"),
            phrase("The loss is what English costs at the end, compared with right after it was learned."),
            phrase("1:30. Alone, then lock."),
            Question(
                "loses",
                "choice",
                phrase("Which rate **loses** most of its English while it reads Python?"),
                RATES,
                answer=2,
                replies=(
                    phrase("It had little to lose: look how high its curve still is when Python begins."),
                    phrase("It loses some; the one that writes harder loses more."),
                    phrase("Yes: hard writing overwrites hard."),
                ),
                outcome=phrase("The high rate loses most. The low one loses nothing: it goes on getting better."),
            ),
            HIGH,
        ),
        Step(
            phrase("Who knows most?"),
            phrase("Losing little and knowing much are two things."),
            phrase(
                "3:00. Run the three side by side, on one seed, in three tabs, or read the recorded numbers. The usual "
                "mistake is to answer 'low', since it lost nothing."
            ),
            Question(
                "knows",
                "choice",
                phrase("Which rate **knows** English best at the end?"),
                RATES,
                answer=1,
                replies=(
                    phrase("It lost nothing, and yet it knows least: it had learned little."),
                    phrase("Yes: it learned most of what there was, and lost only a part."),
                    phrase("It learned quickly and then wrote Python over it."),
                ),
                outcome=phrase("The middle one: losing nothing is worth little when little was learned."),
            ),
            LOW,
        ),
        Step(
            phrase("Everybody turns the middle one"),
            phrase("Your seed gives other initial weights and other pages of text."),
            phrase("5:00. Can any turn of the dial lose nothing and learn both? Let them try rates of their own."),
            link=MIDDLE,
            spread=True,
        ),
        exit_ticket(phrase("What does a smaller learning rate cost?")),
    ),
    idea=phrase("With one learning speed, losing little and learning little go together."),
    wrong=(
        (
            phrase("The low rate wins, since it forgets nothing."),
            phrase("Compare heights, not falls: its English never got good."),
        ),
        (phrase("The high rate wins, since it learns fastest."), phrase("It writes Python over English just as fast.")),
        (
            phrase("There must be a rate that is perfect."),
            phrase(
                "The best one still loses English. Reading both in turns would not, but the stream does not offer that."
            ),
        ),
    ),
)
