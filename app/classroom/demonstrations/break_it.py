"""D6: make nested lose; then say how often it must lose before one may claim it."""

from nested_core.phrase import phrase

from ..activity import Activity, Question, Step, exit_ticket

RETURN = "stream=permuted_digits&rounds=8"
SLOW = "stream=permuted_digits&levels=300*0.3"

BREAK_IT = Activity(
    "break",
    phrase("Break it"),
    10,
    (
        Step(
            phrase("Make nested lose"),
            phrase(
                "Change the stream or the clocks until the **single loop** ends higher on the mean of all tasks. You "
                "have four minutes. Write down what you changed."
            ),
            phrase(
                "0:00. Everybody opens the playground with their own seed. Hide nothing. The fastest failing stream "
                "wins."
            ),
            link="stream=permuted_digits",
        ),
        Step(
            phrase("Practice"),
            phrase("Five pixel orders that **return eight times** each."),
            phrase("4:00. Lock, then run. The usual answer is 'nested', since it won before."),
            Question(
                "return",
                "choice",
                phrase("The tasks come back again and again. Who ends higher?"),
                (phrase("nested"), phrase("the single loop"), phrase("no clear difference")),
                answer=1,
                replies=(
                    phrase("It protects old tasks; when they return by themselves there is nothing to protect."),
                    phrase("Yes, on every seed measured: protection costs a little of what each task could be."),
                    phrase("The difference is small but has the same sign on every seed: about two to three points."),
                ),
                outcome=phrase("The single loop ends higher: with enough practice, protection only costs."),
            ),
            RETURN,
        ),
        Step(
            phrase("How sure are we?"),
            phrase("Everybody runs it with another seed. One run is a story; an interval is a result."),
            phrase("6:00. Read the interval aloud. Ask: could the difference be luck?"),
            link=RETURN,
            spread=True,
        ),
        Step(
            phrase("A slow clock"),
            phrase(
                "Five pixel orders, once each. The nested learner gets a single block that writes **every 300 steps**: "
                "once a visit."
            ),
            phrase("7:00. Quick vote, then reveal. Ask for the number of writes in the whole run: 1500 / 300 = 5."),
            Question(
                "slow",
                "choice",
                phrase("Who ends higher?"),
                (phrase("nested"), phrase("the single loop"), phrase("no clear difference")),
                answer=1,
                replies=(
                    phrase("It keeps what it has, but five writes in all are not enough to have much."),
                    phrase("Yes: the clock does not fit the stream."),
                    phrase("The recorded intervals lie far apart."),
                ),
                outcome=phrase("The single loop. A clock is a guess about the stream, and this one is wrong."),
            ),
            SLOW,
        ),
        Step(
            phrase("What may you claim?"),
            phrase("In another class nested ended higher in 6 of 10 runs, by 1 point on average."),
            phrase("8:00. The right answer is what to run next, not a smaller claim."),
            Question(
                "claim",
                "choice",
                phrase("What may they claim?"),
                (
                    phrase("Nested is better"),
                    phrase("Nested is 1 point better"),
                    phrase("Nothing yet: more seeds, a tuned baseline"),
                ),
                answer=2,
                replies=(
                    phrase("A fair coin gives 6 or more of 10 in 38 of 100 tries."),
                    phrase("The interval of that point was not given, and it probably holds zero."),
                    phrase("Yes: more seeds, equal tuning for both, then read the interval."),
                ),
                outcome=phrase("A fair coin gives six or more of ten in 38 of 100 tries."),
            ),
        ),
        exit_ticket(phrase("Which stream makes nested lose, and why?")),
    ),
    idea=phrase("Clocks and protection are assumptions about the stream. Where they are wrong, nested loses."),
    wrong=(
        (phrase("Nested always wins, since it did so far."), phrase("It won on streams whose tasks never come back.")),
        (
            phrase("A clock of 300 loses because 300 is a large number."),
            phrase(
                "300 steps are a whole visit here: it writes five times in all. On a stream of longer visits it would "
                "write more often."
            ),
        ),
        (phrase("My run shows that it loses."), phrase("One seed. Ask two neighbours, then look at the band.")),
    ),
    cited=phrase(
        "demos/RESULTS.md, forgetting --stream digits --rounds 8, 10 seeds: nested minus single loop on the mean of "
        "all tasks −0.026 [−0.029, −0.023]: not reproduced."
    ),
)
