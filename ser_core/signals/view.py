"""What a screen can show: pictures of at most 800 columns in small whole numbers, curves of at most 1,000 points.

A figure never carries raw samples or every frame of a long recording: each column or point stands for an equal share
of the frames in view, so that a clip of 4 s and one of an hour travel as the same few kilobytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COLUMNS, ROWS, CELLS, POINTS = 800, 160, 120_000, 1000


@dataclass(frozen=True)
class Picture:
    """A feature with rows over time, as whole numbers.

    Attributes
    ----------
    values
        [shape=(rows, columns), int8 or int16].
    times_s
        The middle of each column in seconds [shape=(columns,)].
    rows
        What each row stands for, such as Hz or a number [shape=(rows,)].
    """

    values: np.ndarray
    times_s: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Curve:
    """A feature with one value a frame, thinned out for a screen.

    Attributes
    ----------
    times_s
        The middle of each point in seconds [shape=(points,)].
    middle, low, high
        Mean, smallest and largest of the frames that a point stands for, NaN where all are [shape=(points,)].
    exact
        Whether each point is one frame, so that the three are the same.
    """

    times_s: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray
    exact: bool


def picture(values: np.ndarray, times_s: np.ndarray, rows: np.ndarray) -> Picture:
    """Reduce a feature [shape=(rows, t)] to the cells of a screen, each the largest value in its share.

    Values are rounded to whole numbers; what lies beyond 16 bits is cut off.
    """
    height = -(-len(values) // max(1, -(-len(values) // ROWS)))
    values, rows = _largest(values, height, axis=0), _mean(rows, height)
    width = max(1, min(COLUMNS, CELLS // max(1, len(values)), values.shape[1]))
    values, times_s = _largest(values, width, axis=1), _mean(times_s, width)
    whole = np.clip(np.round(values), -32_768, 32_767)
    small = whole.size == 0 or (whole.min() >= -128 and whole.max() <= 127)
    return Picture(whole.astype(np.int8 if small else np.int16), times_s, rows)


def curve(values: np.ndarray, times_s: np.ndarray) -> Curve:
    """Reduce a contour [shape=(t,)] to the points of a screen; NaN frames do not count."""
    if len(values) <= POINTS:
        middle = np.asarray(values, np.float32)
        return Curve(times_s, middle, middle, middle, exact=True)
    edges = _edges(len(values), POINTS)
    known = ~np.isnan(values)
    count = np.add.reduceat(known.astype(np.int64), edges)
    total = np.add.reduceat(np.where(known, values, 0.0), edges)
    low = np.minimum.reduceat(np.where(known, values, np.inf), edges)
    high = np.maximum.reduceat(np.where(known, values, -np.inf), edges)
    empty = count == 0
    middle = np.where(empty, np.nan, total / np.maximum(count, 1))
    low, high = np.where(empty, np.nan, low), np.where(empty, np.nan, high)
    middle, low, high = (part.astype(np.float32) for part in (middle, low, high))
    return Curve(_mean(times_s, POINTS), middle, low, high, exact=False)


def _edges(length: int, parts: int) -> np.ndarray:
    return np.linspace(0, length, parts, endpoint=False).astype(np.int64)


def _largest(values: np.ndarray, parts: int, axis: int) -> np.ndarray:
    if values.shape[axis] <= parts:
        return values
    return np.maximum.reduceat(values, _edges(values.shape[axis], parts), axis=axis)


def _mean(values: np.ndarray, parts: int) -> np.ndarray:
    if len(values) <= parts:
        return values
    edges = _edges(len(values), parts)
    return np.add.reduceat(values, edges) / np.diff(edges, append=len(values))
