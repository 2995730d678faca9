"""D2: one learning rate sets both how much is learned and how much is lost; no value of it wins on both."""

from ..activity import Activity, Question, Step, exit_ticket

LOW, MIDDLE, HIGH = (
    f"stream=languages&tasks=2&rounds=1&dwell=60&levels=1*{rate}&with=none" for rate in ("0.0005", "0.003", "0.02")
)
RATES = ("low: 0.0005", "middle: 0.003", "high: 0.02")

DIAL = Activity(
    "dial",
    "The dial",
    8,
    (
        Step(
            "One dial",
            "A small language model reads **English** for 60 steps, then **Python** for 60. One number, the learning "
            "rate, says how hard it writes. Three volunteers each take one: low, middle, high.",
            "0:00. Each volunteer says in one sentence why theirs will win. Scores are bits per character: lower is "
            "better, about 6 is guessing.",
            link=MIDDLE,
        ),
        Step(
            "Who loses most?",
            "The loss is what English costs at the end, compared with right after it was learned.",
            "1:30. Alone, then lock.",
            Question(
                "loses",
                "choice",
                "Which rate **loses** most of its English while it reads Python?",
                RATES,
                answer=2,
                replies=(
                    "It had little to lose: look how high its curve still is when Python begins.",
                    "It loses some; the one that writes harder loses more.",
                    "Yes: hard writing overwrites hard.",
                ),
                outcome="The high rate loses most. The low one loses nothing: it goes on getting better.",
            ),
            HIGH,
        ),
        Step(
            "Who knows most?",
            "Losing little and knowing much are two things.",
            "3:00. Run the three side by side, on one seed, in three tabs, or read the recorded numbers. The usual "
            "mistake is to answer 'low', since it lost nothing.",
            Question(
                "knows",
                "choice",
                "Which rate **knows** English best at the end?",
                RATES,
                answer=1,
                replies=(
                    "It lost nothing, and yet it knows least: it had learned little.",
                    "Yes: it learned most of what there was, and lost only a part.",
                    "It learned quickly and then wrote Python over it.",
                ),
                outcome="The middle one: losing nothing is worth little when little was learned.",
            ),
            LOW,
        ),
        Step(
            "Everybody turns the middle one",
            "Your seed gives other initial weights and other pages of text.",
            "5:00. Can any turn of the dial lose nothing and learn both? Let them try rates of their own.",
            link=MIDDLE,
            spread=True,
        ),
        exit_ticket("What does a smaller learning rate cost?"),
    ),
    idea="With one learning speed, losing little and learning little go together.",
    wrong=(
        ("The low rate wins, since it forgets nothing.", "Compare heights, not falls: its English never got good."),
        ("The high rate wins, since it learns fastest.", "It writes Python over English just as fast."),
        ("There must be a rate that is perfect.", "The best one still loses English. Reading both in turns would not, "
         "but the stream does not offer that."),
    ),
)  # fmt: skip
