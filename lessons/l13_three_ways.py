"""Extra lesson: one recurrence, three ways. A loop, chunks and a GPU kernel: the same numbers, another order."""

from nested_core.phrase import phrase

from . import ways
from .lesson import Claim, Lesson, Option, Question, Results, Revealed, Sketch, Step, Steps
from .picture import Figure, Series
from .ways import SIZE, TOKENS, cost

CHUNKS = ("1", "4", "16", "64", "256")
LENGTHS = (256, 255, 101)  # tokens; chunks do not divide them all
LONGER = (64, 128, 256, 512)
LOOP, WAITING, ROUNDING = phrase("loop"), phrase("steps that wait"), phrase("rounding steps")


def chains(chunk: int) -> Figure:
    """Steps that wait for each other, over the length of the sequence."""
    names = tuple(map(str, LONGER))
    loop = Series(LOOP, names, tuple(cost(0, T).chain for T in LONGER))
    cut = Series(phrase("chunks of {n}", n=chunk), names, tuple(cost(chunk, T).chain for T in LONGER))
    return Figure(phrase("The longest chain"), phrase("tokens"), WAITING, (cut, loop), high=520)


def record(option: str) -> tuple[Step, ...]:
    C, loop, works = int(option), cost(0), tuple(cost(n).multiplications / 1000 for n in (0, *map(int, CHUNKS)))
    rows = phrase("1 row") if C == 1 else phrase("{n} rows", n=C)
    here, names = cost(C), tuple(phrase("{n} tokens", n=T) for T in LENGTHS)
    gaps = {kind: tuple(ways.distance(0, C, T, kind) for T in LENGTHS) for kind in ("float64", "float32")}
    off, turned = ways.shortcut(0, C), ways.reordered(0, C)
    others = phrase(
        "Take every error at the memory as it was when the chunk began: the answers are {off:.0f} % off. Or write the "
        "tokens of each chunk in reverse order: the memory ends {turned:.0f} % off. The system of equations does "
        "neither: it keeps every error and the order.",
        off=off,
        turned=turned,
    )
    if C == 1:
        others = phrase("{measured} A chunk of 1 has no room for either.", measured=others)
    forms = {phrase("chunked"): ways.self_modifying("chunked"), phrase("fused"): ways.self_modifying("fused")}
    kernel = ways.kernel()
    told = phrase("Triton cannot be used on this computer, so the kernel is left out; the package's tests compare it.")
    if kernel is not None:
        forms[phrase("kernel")] = kernel
        told = phrase("The kernel ran in Triton's interpreter: {kernel:.3g} rounding steps from the loop's.",
                      kernel=kernel)  # fmt: skip
    return (
        Step(
            phrase("A loop"),
            phrase(
                "The memory fades a little, writes its error under the key, and is read; then comes the next "
                "[[token]]. Each write needs the memory that the last one left, so {n} tokens are a chain of {chain} "
                "steps: the writes and the last reading. A token takes {work:.0f} multiplications.",
                n=TOKENS, chain=loop.chain, work=loop.multiplications,
            ),
            r"M_t = \alpha_t M_{t-1} + u_t k_t^\top,\qquad u_t = \eta_t (v_t - \alpha_t M_{t-1} k_t)",
            (Figure(phrase("Waiting, token by token"), phrase("tokens"), WAITING,
                    (Series(LOOP, tuple(map(str, LONGER)), tuple(cost(0, T).chain for T in LONGER)),), high=520),),
        ),
        Step(
            phrase("Chunks of {n}: the same numbers", n=C),
            phrase(
                "How keys overlap is known before anything is written. So the unknown writes $u_t$ of a [[chunk]] are "
                "the solution of one system with {rows}. The result differs from the loop's by {float64:.3g} rounding "
                "steps of float64, and {float32:.3g} of float32, also when the last chunk is not full. A rounding step "
                "is the smallest change that the number 1 can show.",
                rows=rows, float64=max(gaps["float64"]), float32=max(gaps["float32"]),
            ),
            r"u_t + \eta_t \sum_{s<t} R_{ts}\,(k_s^\top k_t)\, u_s = \eta_t (v_t - R_{t0} M_0 k_t)",
            (Figure(phrase("Largest difference from the loop"), "", ROUNDING,
                    tuple(Series(kind, names, found) for kind, found in gaps.items()), "bars", high=10),),
        ),
        Step(
            phrase("Two things that are not the same"),
            others,
            "",
            (Figure(phrase("How far off"), "", phrase("difference (%)"),
                    (Series(phrase("of its size"), (phrase("stale errors"), phrase("reverse order")), (off, turned)),),
                    "bars"),),
        ),
        Step(
            phrase("What still waits"),
            phrase(
                "All chunks are prepared at the same time: their products, and the {rows} of each system, of which "
                "each needs those above it. Then one product a chunk hands the memory on, {chunks} in all. The longest "
                "chain has {chain} steps; the loop's has {loop}.",
                rows=rows, chunks=-(-TOKENS // C), chain=here.chain, loop=loop.chain,
            ),
            rf"\text{{longest chain}} = C + T / C + 2 = {here.chain}",
            (chains(C),),
            {"chain": here.chain, "loop chain": loop.chain},
        ),
        Step(
            phrase("What it costs"),
            phrase(
                "Chunks do more arithmetic, not less: {here:.0f} multiplications a token, the loop {loop:.0f}. Large "
                "chunks compare each key with all others in the chunk; small ones hand the memory on more often, by a "
                "product of two matrices.",
                here=here.multiplications, loop=loop.multiplications,
            ),
            "",
            (Figure(phrase("Arithmetic, by tokens in a chunk"), "", phrase("thousands a token"),
                    (Series(phrase("multiplications"), (LOOP, *CHUNKS), works),), "bars", high=25),),
            {"multiplications": here.multiplications, "loop": loop.multiplications},
        ),
        Step(
            phrase("The third way: a kernel"),
            phrase(
                "A [[kernel]] computes the chunks too, but as one program that keeps the memory on the chip. Ours, in "
                "Triton, is for Hope's [[self-modifying]] memory, whose keys come from the memory itself: there no "
                "chunk can be prepared before the one before it is done. In chunks, its answers are {chunked:.3g} "
                "rounding steps from the loop's; fused, with a backward written by hand, {fused:.3g}. {told}",
                chunked=forms["chunked"], fused=forms["fused"], told=told,
            ),
            "",
            (Figure(phrase("Hope's memory: largest difference from the loop"), "", ROUNDING,
                    (Series("float64", tuple(forms), tuple(forms.values())),), "bars", high=10),),
        ),
    )  # fmt: skip


def reveal(results: Results) -> Revealed:
    values = {o: {k: v for step in steps for k, v in step.values.items()} for o, steps in results.items()}
    truth = tuple(float(values[o]["chain"]) for o in CHUNKS)
    works = {o: values[o]["multiplications"] for o in CHUNKS}
    chain, work = values["16"]["loop chain"], values["16"]["loop"]
    figure = Figure(
        phrase("{n} tokens", n=TOKENS), phrase("tokens in a chunk"), WAITING,
        (Series(phrase("in chunks"), CHUNKS, truth), Series(LOOP, CHUNKS, (chain,) * len(CHUNKS))), high=260,
    )  # fmt: skip
    sentence = phrase(
        "The chain is shortest in the middle: {chunks[2]:.0f} steps with chunks of 16, but {chunks[0]:.0f} with chunks "
        "of 1 and {chunks[4]:.0f} with one chunk of 256, no fewer than the loop's {loop}. Few chunks are long chunks, "
        "and inside a chunk rows wait for rows. The arithmetic: {work:.0f} multiplications a token in the loop, "
        "{work_16:.0f} in chunks of 16, {work_256:.0f} in one of 256.",
        chunks=truth,
        loop=chain,
        work=work,
        work_16=works["16"],
        work_256=works["256"],
    )
    return Revealed(truth, sentence, figure, CHUNKS)


LESSON = Lesson(
    13,
    "three_ways",
    "Extra: one recurrence, three ways",
    8,
    "A loop, chunks and a GPU kernel give the same memory; they differ in what has to wait, and in arithmetic.",
    "Nested Learning, section 8.2 and equation 65",
    hook="A memory that writes at every token is a [[recurrence]]: no write begins before the one before it is done. "
    "A processor may have thousands of arithmetic units; those that have no part in the present step wait. The [[delta "
    "rule]] can also be computed in [[chunk|chunks]], many tokens at once, with the same result. The loop needs "
    f"{TOKENS + 1} steps that wait for each other to read {TOKENS} tokens.",
    prediction=Sketch(
        f"**How many steps have to wait for each other** when the same {TOKENS} tokens are read in chunks of 1, 4, 16, "
        "64 or 256? Each matrix product counts as one step, however large, and so does each row of a system of "
        "equations.",
        "tokens in a chunk",
        CHUNKS,
        "steps that wait",
        high=260,
        unit="steps",
    ),
    activity=Steps("tokens in a chunk", CHUNKS, record),
    reveal=reveal,
    why=Question(
        "Each write needs the memory that the last one left. How can a whole chunk be computed at once?",
        (
            Option(
                "All its writes together solve one system of equations, made of overlaps that are known before.",
                "Yes. A write changes what later keys are answered only through the overlap of their keys. These are "
                "known from the start, so the writes can be solved for, and the memory in between is never needed.",
                True,
            ),
            Option(
                "All errors are taken at the memory as it was at the start of the chunk.",
                "That is another rule, and we measured it: in chunks of 16 its answers are more than a third off. The "
                "chunked form agrees with the loop to a few rounding steps.",
            ),
            Option(
                "Within a chunk the order of the tokens does not matter.",
                "It does: with every 16 tokens in reverse order, the memory ends more than half its size away. The "
                "system is triangular, and that is the order.",
            ),
        ),
    ),
    checks=(
        Question(
            "1024 tokens. Which chunk leaves the fewest steps that wait?",
            (
                Option(
                    "32", "Right: 32 rows, 32 chunks and 2 more make 66 steps. The square root balances them.", True
                ),
                Option(
                    "1024, since one chunk has no one to wait for",
                    "One chunk hands nothing on, but inside it 1024 rows wait for each other: 1027 steps.",
                ),
                Option(
                    "1, since the smallest steps are the quickest",
                    "Then every token hands the memory on: 1027 steps that wait, as in the loop, with more arithmetic.",
                ),
            ),
        ),
        Question(
            f"{TOKENS} tokens in one chunk instead of chunks of 16. What does the extra arithmetic buy?",
            (
                Option(
                    "nothing here: nine times the multiplications, and a longer chain",
                    "Right: each key is compared with all the others, and the 256 rows of the system wait for each "
                    "other.",
                    True,
                ),
                Option(
                    "fewer steps that wait",
                    "That counts the chunks only. The chain goes from 34 to 259 steps, since rows wait as well.",
                ),
                Option(
                    "more exact numbers",
                    "The size of a chunk is no matter of precision: all of them agree with the loop to a few rounding "
                    "steps.",
                ),
            ),
        ),
    ),
    now_you=f"Keys here have {SIZE} numbers. Which chunk takes the least arithmetic if they have 64, and why a larger "
    "one? Predict first; in Python `cost(chunk, size=64)` of `lessons/ways.py` counts it. Then think of attention, "
    "which compares all pairs of tokens: which of these chunks does it resemble? The playground runs Hope, whose fast "
    "memory is computed in chunks.",
    summary=(
        "A recurrence makes each state from the one before, so a loop over 256 tokens is 257 steps that wait.",
        "In chunks the same writes solve a system of equations: equal to the loop up to a few rounding steps.",
        "What waits is the rows of a chunk and then the chunks: 34 steps with chunks of 16, 259 with one of 256.",
        "It is paid for in arithmetic: 1040 multiplications a token in the loop, 2417 in chunks of 16.",
        "A kernel computes the chunks too, and keeps the memory on the chip all the way.",
    ),
    link=dict(
        v="1",
        stream="languages",
        tasks="2",
        rounds="2",
        dwell="40",
        levels="1*0.01_40*0.5",
        seed="0",
        **{"with": "single_loop_transformer"},
    ),
    link_text="Hope, whose fast memory is computed in chunks, beside a Transformer",
    teacher=(
        "Most sketches fall all the way to the right: fewer chunks, less waiting. The rows inside a chunk are what "
        "everybody forgets. Ask for them before the reveal.",
        "Nothing here is a time. Counts are the same on every computer; seconds are not, and have to be measured on "
        "the machine at hand (nested_core.bench).",
        "In Hope the chunk is part of the rule: keys and values come from the memories at its start. There another "
        "chunk gives other numbers, and the loop has to use the same one.",
    ),
    claims=(
        Claim("loop", "the loop is a chain of 257", lambda s: cost(0, seed=s).chain, 257, 257, "steps"),
        Claim("chunks of 1", "so are chunks of 1, nearly", lambda s: cost(1, seed=s).chain, 259, 259, "steps"),
        Claim("chunks of 16", "chunks of 16 leave 34", lambda s: cost(16, seed=s).chain, 34, 34, "steps"),
        Claim("one chunk", "one chunk leaves 259", lambda s: cost(256, seed=s).chain, 259, 259, "steps"),
        Claim("1024 by 32", "1024 tokens in 32s leave 66", lambda s: cost(32, 1024, seed=s).chain, 66, 66, "steps"),
        Claim("1024 at once", "at once 1027", lambda s: cost(1024, 1024, seed=s).chain, 1027, 1027, "steps"),
        Claim("1024 by 1", "in 1s 1027", lambda s: cost(1, 1024, seed=s).chain, 1027, 1027, "steps"),
        Claim("float64", "float64 agrees", lambda s: max(ways.distance(s, C, 255) for C in (16, 256)), 0, 12),
        Claim("float32", "so does float32", lambda s: ways.distance(s, 16, 101, "float32"), 0, 8),
        Claim("Hope's memory", "and so do its forms", lambda s: ways.self_modifying("fused", s), 0, 8),
        Claim("shortcut", "errors of the start are over a third off", lambda s: ways.shortcut(s, 16), 34, 41, "%"),
        Claim("order", "and reverse order over half", lambda s: ways.reordered(s, 16), 60, 130, "%"),
        Claim("arithmetic, loop", "1040 a token", lambda s: cost(0, seed=s).multiplications, 1040, 1040),
        Claim("arithmetic, 16", "2417 in chunks of 16", lambda s: cost(16, seed=s).multiplications, 2417, 2417),
        Claim("arithmetic, 256", "nine times those in one chunk", lambda s: ways.ratio(256, 16, s), 8.9, 9.2, "times"),
        Claim("count", "torch's counter agrees", lambda s: (ways.agrees(0, s) + ways.agrees(16, s)) / 2, 1, 1),
        Claim("wider keys", "with 64 numbers 32 beats 16", lambda s: ways.ratio(16, 32, s, 64), 1.05, 2, "times"),
    ),
)
