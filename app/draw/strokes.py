"""A drawing becomes what the learners know: an 8 x 8 image with values 0 to 1, made as the digit set was made.

The digits of the UCI set were scaled to fill a bitmap of 32 x 32, whose blocks of 4 x 4 were counted: 0 to 16 dark
pixels. The same is done here with strokes, at a width that leaves about as much ink as the set has (0.31 on average).
"""

import math
from typing import Any

import numpy as np

from nested_core.config import check
from nested_core.phrase import phrase

SIDE, FINE = 8, 32
RADIUS = 2.3  # half the width of a stroke on the fine grid
WIDEST = 26.0  # digits of the set are taller than wide
SMALLEST = 0.08  # of the canvas: a smaller drawing is not blown up further
MAX_POINTS = 4000

Image = tuple[float, ...]  # 64 values, row by row
EMPTY: Image = (0.0,) * SIDE**2


def read(drawing: Any) -> Image:
    """The image of what was sent, {"strokes": [[[x, y], ...], ...]} or {"cells": 64 values}; ConfigError otherwise."""
    fields = drawing if isinstance(drawing, dict) else {}
    if "cells" in fields:
        cells = fields["cells"]
        ok = isinstance(cells, list) and len(cells) == SIDE**2 and all(_share(x) for x in cells)
        check(ok, "cells", type(cells).__name__, phrase("give 64 numbers from 0 to 1"))
        return tuple(float(x) for x in cells)
    strokes = fields.get("strokes")
    check(isinstance(strokes, list), "drawing", type(drawing).__name__, phrase("give strokes or cells"))
    for stroke in strokes:
        ok = isinstance(stroke, list) and all(
            isinstance(point, list) and len(point) == 2 and all(_share(x) for x in point) for point in stroke
        )
        check(ok, "strokes", type(stroke).__name__, phrase("give lists of points [x, y], both from 0 to 1"))
    points = sum(map(len, strokes))
    fix = phrase("draw with at most {most}, press Clear first", most=MAX_POINTS)
    check(points <= MAX_POINTS, "strokes", phrase("{points} points", points=points), fix)
    return picture([stroke for stroke in strokes if stroke])


def _share(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) and 0 <= x <= 1


def picture(strokes: list[list[list[float]]]) -> Image:
    """The image of strokes whose points are shares of the canvas, x to the right and y down."""
    if not strokes:
        return EMPTY
    every = np.array([point for stroke in strokes for point in stroke], dtype=float)
    low, high = every.min(0), every.max(0)
    room = np.array([WIDEST, FINE]) - 2 * RADIUS
    scale = float(np.min(room / np.maximum(high - low, SMALLEST)))
    shift = FINE / 2 - scale * (low + high) / 2
    y, x = np.mgrid[:FINE, :FINE] + 0.5
    pixels = np.stack([x.ravel(), y.ravel()], 1)  # [1024, 2] their middles
    dark = np.zeros(FINE**2, bool)
    for stroke in strokes:
        points = np.array(stroke, dtype=float) * scale + shift
        for a, b in zip(points, points[1:] if len(points) > 1 else points, strict=False):
            along = b - a
            share = np.clip((pixels - a) @ along / max(along @ along, 1e-12), 0, 1)
            dark |= ((pixels - a - share[:, None] * along) ** 2).sum(1) <= RADIUS**2
    block = FINE // SIDE
    counts = dark.reshape(SIDE, block, SIDE, block).sum((1, 3))
    return tuple((counts / block**2).ravel().tolist())
