"""Nested Learning: models whose parts learn on different clocks.

Reading order: clock (when a level writes), memory (what a write is), titans and cms (the two memories of Hope), hope
(the model), nest and mlp (the learners), streams (what they learn from), run (the only loop), trace (what is left).
"""
