"""The words of the memory page."""

import math
import re

from nested_core.phrase import phrase

from .hope_questions import VALUES

GUESSING = math.log(VALUES)  # the loss of one that knows nothing


def literal(text: str) -> str:
    """What a person typed, with nothing in it read as markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!~|<>$:&])", r"\\\1", text)


INTRO = phrase(
    "Tell four small memories the same facts. Each is one matrix and writes every token it reads by its own rule. "
    "**Ask again 200 tokens later: who still knows, and which token wrote the answer?**"
)
INTRO_HOPE = phrase(
    "Tell a small trained Hope your facts. It learned by itself what to write and what to let go by. "
    "**Which token wrote the answer, and how strongly was noise written?**"
)
MAPS = phrase(
    "Every square is a number of a memory: orange is positive, blue negative. Frames: the cells that this token moved "
    "most. A row is a place of the answer's vector, a column one of the key's. Hold the pointer over a cell to read "
    "which token gave most to it."
)
HOW = phrase("""
**A word is a fixed random vector**, made from its letters with a fixed seed; nothing is trained here, and "Peru" and
"Lima" are as unlike as any two words. Several words are the sum of theirs, so phrases that share words are alike.

**A memory is a matrix** $M$. A token brings a key $k$ and a value $v$, and the rule writes one onto the other. Asked
for a key, it answers $M k$: a mixture of vectors. The answer is the word whose vector is most in it; the confidence is
a softmax over all words it may be told, noise included.

**Why the bars are exact.** Every rule here is $M \\leftarrow M A + u\\,k^\\top$: keep, erase, add. So $M$ is a sum of
what was added, each part faded and erased by all later tokens. Carrying the question back through those erasures gives
the share of every token in the answer, and the shares add up to it.

**Self-modifying** is the rule of Hope's memory (delta gradient descent) with everything fixed but the memory: it makes
its own value $\\hat v = M v$, starts from $M = I$, and erases twice, hence half the step. It writes half as strongly,
so its confidence is lower. In Hope the keys, values and gates are learned, and write themselves as well.
""")
HOPE = phrase("""
**A small Hope is trained here and now** on random facts: "is", a key, a value; noise; "?", a key, and the value that it
must answer. It never saw your words: the first key you teach gets the first of 16 key symbols, and so on.

**What it learned is how to write.** At every token its memory makes its own key, value, step size η and retention α,
and writes $M \\leftarrow M(\\alpha - 2\\eta\\,k k^\\top) + \\eta\\,\\hat v\\,k^\\top$. The first two panels are those
gates. The third carries the question back through all later writes, so its bars, with the learned start, sum exactly to
what is read. What is read then passes a norm, a gate and an MLP before it is an answer.
""")
