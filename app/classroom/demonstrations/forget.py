"""D1: one network learns task 1, then task 2, and loses task 1, although it has room for both."""

from nested_core.phrase import phrase

from ..activity import Activity, Axis, Question, Step, exit_ticket

TWO = "stream=class_digits&tasks=2"

FORGET = Activity(
    "forget",
    phrase("Watch it forget"),
    5,
    (
        Step(
            phrase("Two tasks, one network"),
            phrase(
                "**Task 1**: handwritten digits, only 0 and 1. **Task 2**: only 2 and 3. A network sees task 1 for 200 "
                "steps, then task 2 for 200. Nobody tells it about the change, and it must name the digit out of all "
                "ten."
            ),
            phrase(
                "0:00. Show the playground, press Run and then Pause near step 200. Say: 'It has learned 0 and 1. From "
                "now on it only sees 2 and 3.' Do not let it run on."
            ),
            link=TWO,
        ),
        Step(
            phrase("Draw what happens to task 1"),
            phrase(
                "One network, one clock. It stops seeing task 1 at step 200 and learns task 2 instead. Draw first; "
                "when all is locked, everybody runs it with another seed."
            ),
            phrase(
                "0:40. 'Alone, no talking.' Lock after half a minute with one press of the right arrow: the class's "
                "curves appear. 1:30. Everybody presses Run my seed; what is measured comes in over what was drawn. "
                "2:15. 'Ask your neighbour: why does it fall, and why so fast?' Then reveal."
            ),
            Question(
                "curve",
                "sketch",
                phrase("How many of task 1's digits does the **single loop** still get right while it learns task 2?"),
                axis=Axis(phrase("task 1, right answers"), 0, 100, "%", phrase("step"), 200, 400),
                outcome=phrase("Task 1 falls while task 2 is learned: what was written for it is overwritten."),
            ),
            TWO,
            spread=True,
        ),
        Step(
            phrase("Was it too small?"),
            phrase("The same network can also see both tasks mixed."),
            phrase(
                "3:15. This is the control: lock, then reveal. Without it the class leaves with 'it was too small'."
            ),
            Question(
                "cause",
                "choice",
                phrase("Why was task 1 lost?"),
                (
                    phrase("The network is too small for both"),
                    phrase("Its weights were overwritten"),
                    phrase("Task 2 had the wrong images"),
                    phrase("It had too few steps on task 1"),
                ),
                answer=1,
                replies=(
                    phrase("Mixed, the same network learns five such tasks at once, so there is room."),
                    phrase("Yes: the same weights had to serve task 2, and nothing protected what they held."),
                    phrase("They are as good as those of task 1: the network learns them just as well."),
                    phrase("It knew task 1 well at step 200, before the change."),
                ),
                outcome=phrase("Mixed training of the same network keeps all tasks: it is overwriting, not size."),
            ),
        ),
        exit_ticket(phrase("In one sentence: why did the network lose task 1?")),
    ),
    idea=phrase(
        "One set of weights, trained on one task after the other, loses the first, although it has room for both."
    ),
    wrong=(
        (
            phrase("It falls slowly, over all of task 2."),
            phrase(
                "Look at the time axis: most is gone after a few steps. Every answer of task 2 also says 'not 0, not "
                "1'."
            ),
        ),
        (
            phrase("Nothing happens to task 1, since nobody trains on it any more."),
            phrase("Nobody trains on it, but task 2 changes the very weights that answer it."),
        ),
        (phrase("It is too small for two tasks."), phrase("Then mixing the tasks could not help either; it does.")),
    ),
    cited=phrase(
        "Five pairs of digits, 10 seeds (demos/RESULTS.md, forgetting --stream classes): mean of all tasks, mixed "
        "98 % [98, 99], one after the other 23 % [22, 26], nested 97 % [96, 97]."
    ),
)
