"""Extra lesson: levels on a pre-trained network. Its layers get clocks, and are written while it is used."""

from collections.abc import Mapping

from nested_core.phrase import phrase

from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Sketch, Step, Steps
from .picture import Figure, Series
from .stacked import RATE, READ, difference, farther, kept, learned, mean, only, untouched, used

PERIODS = ("1", "16", "64", "256")
LAYERS = (phrase("first layer"), phrase("middle layer"), phrase("last layer"))
OLD, NEW, ACCURACY = phrase("old digits"), phrase("new digits"), phrase("accuracy (%)")


def ends(title: str, settings: Mapping[str, dict]) -> tuple[Figure, tuple[float, ...], tuple[float, ...]]:
    """Old and new digits at the end: as bars, and as numbers. settings: arguments of `used`, by the name of a bar."""
    names = tuple(settings)
    old = tuple(mean(lambda seed, s=s: used(seed=seed, **s).old[-1]) for s in settings.values())
    new = tuple(mean(lambda seed, s=s: used(seed=seed, **s).new[-1]) for s in settings.values())
    bars = (Series(OLD, names, old), Series(NEW, names, new))
    return Figure(title, "", ACCURACY, bars, "bars"), old, new


def record(option: str) -> tuple[Step, ...]:
    C = int(option)
    plain, read = dict(period=C, rate=RATE), tuple(str(READ * q // 4) for q in range(5))
    old = tuple(mean(lambda s, q=q: used(C, RATE, s).old[q]) for q in range(5))
    new = tuple(mean(lambda s, q=q: used(C, RATE, s).new[q]) for q in range(5))
    online = mean(lambda s: used(C, RATE, s).online)
    lines = (Series(OLD, read, old), Series(NEW, read, new))
    unwritten, *_ = ends(phrase("Before it is used"), {phrase("rates 0"): dict(period=C, rate=0.0)})
    push, push_old, push_new = ends(
        phrase("A window's sum, and its mean"),
        {phrase("sum"): plain, phrase("mean"): dict(period=C, rate=RATE / C)},
    )
    layer, layer_old, layer_new = ends(
        phrase("Only one level writes (period 16)"),
        {name: dict(period=16, rate=RATE, written=only(i)) for i, name in enumerate(LAYERS)},
    )
    stream, stream_old, stream_new = ends(
        phrase("What else is in the stream (period {period})", period=C),
        {phrase("new only"): plain, phrase("old and new"): {**plain, "mixed": True}},
    )
    back = mean(untouched)
    aside = Series(OLD, (phrase("as written"), phrase("set aside")), (old[-1], back))
    writes = phrase(
        "Now every level adds up the pushes of {n} pictures and then writes them, at rate {rate:g}.", n=C, rate=RATE
    )
    pushed = phrase(
        "A window's sum grows with the period. Divided by the period ({period}) it is a mean: then {old[1]:.0f} % of "
        "the old digits are kept instead of {old[0]:.0f} %, and {new[1]:.0f} % of the new ones answered instead of "
        "{new[0]:.0f} %.",
        period=C,
        old=push_old,
        new=push_new,
    )
    if C == 1:
        writes = phrase("Now every level writes after each picture, at rate {rate:g}.", rate=RATE)
        pushed = phrase("{measured} At period 1 both are the same.", measured=pushed)
    return (
        Step(
            phrase("Rates 0: the old network, bit for bit"),
            phrase(
                "A network was trained on eight digits. It answers {old:.0f} % of them right, and {new:.0f} % of the "
                "two that it never saw (mean of ten networks). Its three layers become three levels. With all rates 0 "
                "nothing is written: the largest difference to the network's own answers is {difference:g}.",
                old=old[0],
                new=new[0],
                difference=difference(0),
            ),
            r"\mathrm{MLP}^{(f_i)}_0 := \mathrm{MLP}_{\mathrm{pretrained},\,i}",
            (unwritten,),
        ),
        Step(
            phrase("It reads {n} pictures of two new digits", n=READ),
            phrase(
                "{writes} At the end the network answers {new:.0f} % of the new digits and {old:.0f} % of the old "
                "ones. Of the pictures that it read, {online:.0f} % were answered right before it learned from them.",
                writes=writes,
                new=new[-1],
                old=old[-1],
                online=online,
            ),
            rf"W \leftarrow W - {RATE:g} \sum_{{\text{{window}}}} \nabla L\quad\text{{every }} {C}\text{{ pictures}}",
            (Figure(phrase("While it is used"), phrase("pictures read"), ACCURACY, lines),),
            {"old": old[-1], "new": new[-1], "online": online},
        ),
        Step(
            phrase("Is it the clock, or the size of the push?"),
            pushed,
            "",
            (push,),
        ),
        Step(
            phrase("One level alone"),
            phrase(
                "Now one level writes, and the other two have rate 0. New digits learned by the last layer alone: "
                "{learned[2]:.0f} %, by the middle one: {learned[1]:.0f} %, by the first one: {learned[0]:.0f} %. "
                "And still the first one makes the old digits fall from {before:.0f} to {after:.0f} %.",
                learned=layer_new,
                before=old[0],
                after=layer_old[0],
            ),
            "",
            (layer,),
        ),
        Step(
            phrase("Old digits among the new"),
            phrase(
                "All levels write again, and {n} pictures of old digits are read in between. Now {old[1]:.0f} % of "
                "the old digits are kept instead of {old[0]:.0f} %, and {new[1]:.0f} % of the new ones answered.",
                n=READ,
                old=stream_old,
                new=stream_new,
            ),
            "",
            (stream,),
        ),
        Step(
            phrase("Put aside what was written"),
            phrase(
                "The written weights lie in a [[state]] beside the network. Its own weights were never touched: "
                "without the state it answers {back:.0f} % of the old digits, as on the first day.",
                back=back,
            ),
            "",
            (Figure(phrase("The same network"), "", ACCURACY, (aside,), "bars"),),
        ),
    )


def reveal(results: Results) -> Revealed:
    values = {o: {k: v for step in steps for k, v in step.values.items()} for o, steps in results.items()}
    names = dict(
        old=phrase("old digits kept"),
        new=phrase("new digits learned"),
        online=phrase("new digits, right while reading"),
    )
    series = tuple(Series(name, PERIODS, tuple(values[o][key] for o in PERIODS)) for key, name in names.items())
    title = phrase("After {n} pictures of two new digits", n=READ)
    figure = Figure(title, phrase("period of every level"), ACCURACY, series)
    truth = series[0].ys
    sentence = phrase(
        "The slow clock protects nothing here: {kept[0]:.0f} % of the old digits are left at period 1, {kept[1]:.0f} % "
        "at 16, {kept[2]:.0f} % at 64, {kept[3]:.0f} % at 256. And it is late: while they were read, "
        "{online[0]:.0f} % of the new pictures were answered right at period 1, and {online[3]:.0f} % at 256.",
        kept=truth,
        online=series[2].ys,
    )
    return Revealed(truth, sentence, figure, PERIODS)


LESSON = Lesson(
    12,
    "stacking",
    "Extra: levels on a pre-trained network",
    8,
    "The layers of a trained network can become levels that are written while it is used, each on its own clock.",
    "Nested Learning, section 7.3, equation 71",
    hook="You get a finished network: it reads eight of the ten digits, and its training is over. You will use it on "
    "pictures of the other two. [[level stacking|Stacking]] needs no new network: each of its three layers becomes a "
    "[[level]] that starts as it was trained, and is written on a clock while you use it. A slow clock may sound safe, "
    "since it writes rarely. Here all levels have the same [[period]] and the same [[learning rate|rate]], and a level "
    f"adds up the pushes of its whole window. The network reads {READ} pictures of the two new digits.",
    prediction=Sketch(
        "The network starts at 97 %. **How many of the eight old digits does it still answer right** at the end, when "
        "all levels write every 1, 16, 64 or 256 pictures, at the same rate?",
        "period of every level",
        PERIODS,
        "old digits answered right",
    ),
    activity=Steps("period of every level", PERIODS, record),
    reveal=reveal,
    why=Question(
        "At the same rate, why does the slow clock not protect the old digits?",
        (
            Option(
                "It adds up the pushes of a whole window at weights that stand still, so its one write goes too far.",
                "Yes. With period 1 each push is taken after the one before has been written, and gets smaller as the "
                "error does. At period 256 the weights end almost eight times as far from where they began.",
                True,
            ),
            Option(
                "It writes too rarely to protect anything.",
                "Writing does not protect; it is what does the damage. With the push divided by the period it writes "
                "as rarely, and nearly all old digits are kept.",
            ),
            Option(
                "A slow level reads more pictures of the new digits.",
                f"Each run reads the same {READ} pictures, each of them once. Only the moments of writing differ.",
            ),
        ),
    ),
    checks=(
        Question(
            "Only one of the three levels may write. Which one lets the network answer the new digits?",
            (
                Option(
                    "the last layer",
                    "Right: 79 % of the new digits, against 2 % for the middle layer and none for the first. The "
                    "scores of the new digits are rows of the last layer, and training taught it never to choose them.",
                    True,
                ),
                Option(
                    "the first layer, since new pictures need new features",
                    "The old features serve well enough. Written alone, the first layer learned no new digit within "
                    f"{READ} pictures, and lost a tenth of the old ones.",
                ),
                Option(
                    "any of them: error reaches all layers",
                    "Gradients do reach all of them, but that is not learning: the first layer alone ended at 0 %.",
                ),
            ),
        ),
        Question(
            "You want the two new digits *and* the eight old ones. What helped most in these runs?",
            (
                Option(
                    "old digits in the stream, among the new",
                    "Right: at period 1 the old digits went from 42 to 89 %, and 83 % of the new ones were answered. "
                    "That is [[replay]]: somebody has to keep the old pictures.",
                    True,
                ),
                Option(
                    "a slower clock at the same rate",
                    "That reads the period as a brake. The sum over a longer window is a larger push: the old digits "
                    "fell from 42 to 11 % at period 64.",
                ),
                Option(
                    "dividing the push by the period",
                    "That keeps the old digits because hardly anything is written: at period 64 none of the new ones "
                    "was answered.",
                ),
            ),
        ),
    ),
    now_you="Nobody gives you old pictures. Choose a rate and a period, and say what you give up. In Python, "
    "`used(period, rate, seed)` of `lessons/stacked.py` measures it: can you keep more than half of the old digits and "
    "still answer three quarters of the new ones? Then open the playground: there, levels hold a [[least-squares "
    "memory]] of old inputs in place of old pictures. Compare how much of the first digits is left.",
    summary=(
        "Stacking turns the layers of a trained network into levels; with rates 0 it is that network, bit for bit.",
        f"Used on {READ} pictures of two new digits at period 1 it answers 92 % of them, and 42 % of the old ones.",
        "At the same rate a slower clock is no protection: 11 % of the old digits are left at period 64, none at 256.",
        "The last level learned the new digits; the first one alone learned none and still harmed the old.",
        "What kept the old digits was seeing them again; and without the written state the old network is still there.",
    ),
    link=dict(
        v="1",
        stream="class_digits",
        tasks="5",
        rounds="1",
        dwell="100",
        levels="1*0.3_4*0.3_16*0.3",
        seed="0",
        **{"with": "single_loop"},
    ),
    link_text="Digits two by two, with levels that protect old inputs",
    teacher=(
        "Most sketches rise to the right: rare writing sounds safe. The curve falls, because equation 71 adds up a "
        "window. Let learners say what would have to be divided by what.",
        "This is plain gradient descent on a small network. The paper's levels do better on class after class, and so "
        "do ours with a least-squares memory (demos/RESULTS.md, class_incremental).",
        "Bit for bit is worth a minute: what can be switched off without a trace can be tried without fear.",
    ),
    claims=(
        Claim("bit for bit", "with rates 0 the answers are the base network's own", difference, 0, 0),
        Claim("knows old", "it answers 97 % of the old digits before", lambda s: used(1, 0.0, s).old[0], 96, 98, "%"),
        Claim("knows no new", "and none of the new ones", lambda s: used(1, 0.0, s).new[-1], 0, 0.5, "%"),
        Claim(
            "learns",
            "at period 1 it answers about 92 % of the new ones",
            lambda s: learned(1, s),
            84,
            98,
            "%",
            slow=True,
        ),
        Claim("forgets", "and keeps about 42 % of the old ones", lambda s: kept(1, s), 35, 50, "%"),
        Claim("period 64", "at period 64 about 11 % are left", lambda s: kept(64, s), 3, 20, "%", slow=True),
        Claim("slower is worse", "less than at period 1", lambda s: kept(1, s) - kept(64, s), 20, 45, "points"),
        Claim("period 256", "and none at 256", lambda s: kept(256, s), 0, 1, "%"),
        Claim("late", "which answered nothing while it read", lambda s: used(256, RATE, s).online, 0, 0, "%"),
        Claim("too far", "whose weights end almost eight times as far away", farther, 7, 9, "times"),
        Claim("mean keeps", "a mean push keeps nearly all", lambda s: kept(64, s, RATE / 64), 95, 98, "%"),
        Claim("mean is slow", "and learns nothing new yet", lambda s: learned(64, s, RATE / 64), 0, 0.5, "%"),
        Claim("last", "the last level alone learns 79 %", lambda s: learned(16, s, written=only(2)), 60, 95, "%"),
        Claim("middle", "the middle one hardly anything", lambda s: learned(16, s, written=only(1)), 0, 6, "%"),
        Claim("first", "the first one none", lambda s: learned(16, s, written=only(0)), 0, 0.5, "%"),
        Claim("first harms", "and it harms the old digits", lambda s: kept(16, s, written=only(0)), 80, 91, "%"),
        Claim("seen again", "old digits in the stream keep them", lambda s: kept(1, s, mixed=True), 84, 93, "%"),
        Claim("and learns", "and the new ones are learned", lambda s: learned(1, s, mixed=True), 75, 91, "%"),
        Claim("still there", "the base network is as it was", lambda s: untouched(s) - used(1, 0.0, s).old[0], 0, 0),
    ),
)
