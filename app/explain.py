"""The words of the page: what one sees, which mechanism does what, and what this toy does not show."""

from nested_core.phrase import Phrase, phrase

INTRO = phrase(
    "One task after the other, and nobody says when it changes: for a learner on a single clock, and for a **nest** of "
    "memories on slower and slower clocks. **Who still knows the old tasks?**"
)
EMPTY = phrase(
    "Press **Run** to train both learners here and now. Each curve is one task: it rises while the task is learned "
    "and falls if it is forgotten. The ticks below show which memory wrote, and when."
)
RECORDED = phrase("**Run** trains both here and now")
HOW_TO_READ = phrase(
    "**Curves**: the score on samples held back from training, for every task seen so far; the number at the end is "
    "the task. **Shading**: the task that the stream shows. **Ticks**: a memory wrote at that step; a tall tick is a "
    "large write."
)
GATES = phrase(
    "**η, α**: how hard the in-context memory writes, and what part it keeps, at each token of held-out text; a line "
    "for every layer and head (1.2: layer 1, head 2), in a band that holds eight of ten tokens."
)
GHOST = phrase("**Dotted, pale**: the run as it was before the last change.")
DIGITS = phrase("""
**The nested learner** is several small networks, called blocks, whose answers are averaged. Each has its own clock: one
writes at every step, the slower ones more rarely, with all that they collected since their last write.

What keeps old tasks is mostly the **least-squares memory**: every block remembers which directions of its *inputs* are
already in use, and its writes are bent away from them (known as orthogonal weight modification). The clocks alone do
little here: without that memory, a slow block is not much more than a smaller learning rate. Pause a level, or remove
one, and look.

**The single loop** is one network with as many weights, at the learning rate that did best in a sweep. Each write
overwrites what the same weights held.

**A toy**: 1,797 images of 8 x 8 pixels. The memory needs extra numbers beside the weights; the line under the charts
counts them.
""")
TEXT = phrase("""
**The nested learner** is Hope, a small language model, with slower copies of its weights around it. The fastest writes
at every step by gradient. A slower level moves a part of the way toward the faster weights, and the faster ones *start
again from there*: **knowledge passes by the initial state** (known as Reptile or Lookahead). That start is near every
language at once, so little is lost when the language changes, and relearning is quick.

Beside it, Hope has an **in-context memory** that writes at every single token, while it reads, and is empty at the
start of each sequence: level *in context* in the raster.

**The single loop** is the same Hope on one clock. **The Transformer** has as many parameters and attention instead of a
memory. Both run at the learning rate that did best in a sweep.

Scores are bits per character: how surprised the model is by the next character. About 6 is guessing; **lower
is better**.
**A toy**: about 100 thousand parameters and minutes of reading. None of them writes good text.
""")


def how(is_text: bool) -> Phrase:
    return TEXT if is_text else DIGITS
