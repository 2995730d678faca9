"""The words of the page that draws."""

from nested_core.phrase import phrase

INTRO = phrase(
    "Two learners read handwritten digits, a few classes at a time; no class comes back. **Draw one of the first "
    "classes: who still knows it?**"
)
HOW = phrase("""
Both learners of the playground are trained here and now on the stream *Digits, new classes*, and kept as they stood
after each task. Your drawing is made as the digit set was made: scaled to fill 32 x 32 pixels, then every 4 x 4 block
counted. What the learners see is the small picture beside the canvas; its cells can be changed too.

**nested** is three blocks with a clock each, *every 1*, *every 4* and *every 16* steps. Each gives a read-out of its
own for the ten classes, and *together* is their mean. **The single loop** is one network of as many weights on one
clock, at the best rate of its sweep: it gives probabilities. The two kinds of numbers cannot be compared, the answers
can.

**A toy**: 1,400 training images of 8 x 8 pixels. A digit drawn unlike those is misread by both.
""")
