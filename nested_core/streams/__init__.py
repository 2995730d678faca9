"""What learners learn from: a stream visits tasks one after another, once or in rounds.

A learner sees batches only. Which task a batch comes from, and where one ends, is known to the stream and written down
by the loop; the learner is never told.
"""

from ..config import StreamConfig
from .base import Stream


def open_stream(config: StreamConfig, seed: int) -> Stream:
    """The stream of this config; the same config and seed give the same batches."""
    if config.is_text:
        from .text import TextStream

        return TextStream(config, seed)
    from .digits import DigitStream

    return DigitStream(config, seed)
