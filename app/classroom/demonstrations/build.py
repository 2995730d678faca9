"""D5: from the single loop toward Hope, one part a round; each time the class predicts what the part is worth."""

from nested_core.phrase import phrase

from ..activity import Activity, Question, Step, exit_ticket

BASE = "stream=languages&tasks=2&rounds=2&dwell=40&with=none&levels="
ONE, TWO, THREE = (BASE + levels for levels in ("1*0.01", "1*0.01_40*0.5", "1*0.01_5*0.3_40*0.5"))
GUESS = (phrase("better"), phrase("no difference that shows"), phrase("worse"))

BUILD = Activity(
    "build",
    phrase("Build Hope by vote"),
    15,
    (
        Step(
            phrase("Round 0: one clock"),
            phrase(
                "Hope's model on a single clock reads **English** and **Python** in turn, 40 steps each, twice. Each "
                "change undoes part of what was learned."
            ),
            phrase("0:00. Run it, and count the teeth of the saw together. Bits per character: lower is better."),
            link=ONE,
        ),
        Step(
            phrase("Round 1: a second clock"),
            phrase(
                "A slow copy of the weights moves half of the way toward the fast ones every 40 steps; the fast ones "
                "then **start again from there**."
            ),
            phrase("3:00. Vote, lock, run. Ask a loser of the vote to explain the winner's reason."),
            Question(
                "second",
                "choice",
                phrase("What does the second clock do to the mean of both languages at the end?"),
                GUESS,
                answer=0,
                replies=(
                    phrase("Yes: the slow copy holds a start that is near both languages."),
                    phrase("The recorded intervals of one clock and two do not touch."),
                    phrase("It takes a step back every 40 steps, but toward a better start."),
                ),
                outcome=phrase("The slow copy is near both languages, so less is lost at each change."),
            ),
            TWO,
        ),
        Step(
            phrase("Round 2: a third clock"),
            phrase("Between the two, another copy: every 5 steps, three tenths of the way."),
            phrase("6:00. Expect most to say better. Show the intervals of all three side by side (script, Expect)."),
            Question(
                "third",
                "choice",
                phrase("And the third clock, compared with two?"),
                GUESS,
                answer=2,
                replies=(
                    phrase("More of a good thing was too much here: compare the interval with that of two clocks."),
                    phrase("The intervals of two clocks and three do not touch."),
                    phrase("Yes: on so short a stream it costs what the second clock had won."),
                ),
                outcome=phrase(
                    "Worse than two clocks, and about as good as one: a part is worth what it measures, here."
                ),
            ),
            THREE,
        ),
        Step(
            phrase("Everybody runs the whole"),
            phrase("Three clocks, your own seed."),
            phrase("9:00. Runs take longer than digits: start early, talk meanwhile."),
            link=THREE,
            spread=True,
        ),
        Step(
            phrase("Take a part away"),
            phrase(
                "Inside Hope, the fast memory is followed by a chain of slower blocks (CMS). Remove that chain, train "
                "again at equal size, on a suite of three small tasks."
            ),
            phrase(
                "12:00. An ablation that hurts nothing: what does it mean? Not that the part is useless, but that "
                "these tasks do not need it, or that five seeds cannot tell."
            ),
            Question(
                "ablation",
                "choice",
                phrase("What does removing the chain cost on that suite?"),
                (phrase("a lot"), phrase("nothing that five seeds can tell"), phrase("it helps, clearly")),
                answer=1,
                replies=(
                    phrase("Removing its delta rule costs a lot; removing the chain does not."),
                    phrase("Yes: the interval of the difference holds zero."),
                    phrase("The mean goes the other way, and its interval holds zero."),
                ),
                outcome=phrase("0.007 [−0.016, 0.030], 5 seeds: inconclusive. Without the delta rule it is 0.364."),
            ),
        ),
        exit_ticket(phrase("Which part would you keep, and what run would convince you?")),
    ),
    idea=phrase("Parts are worth what a controlled comparison says, on these tasks and no further."),
    wrong=(
        (
            phrase("Three clocks must beat two, since two beat one."),
            phrase(
                "Measured is the opposite, on this stream of 160 steps. On the longer one of the preset, ask again."
            ),
        ),
        (
            phrase("Each part must help, else it would not be there."),
            phrase("The paper needs it on other tasks and sizes; here the interval holds zero."),
        ),
        (
            phrase("No difference means that the part does nothing."),
            phrase("It means that these tasks and five seeds cannot show it."),
        ),
    ),
    cited=phrase(
        "demos/RESULTS.md, ablation, 5 seeds, suite of English, recall and parity: Hope above no CMS 0.007 [−0.016, "
        "0.030], inconclusive; above no DGD 0.364 [0.320, 0.410], reproduced."
    ),
)
