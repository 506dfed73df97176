"""Measures that rest on an order of the rows: sorted once, then any number of resamples at a cumulated sum each."""

from __future__ import annotations

import numpy as np

from mlops_nb.registry.evaluating.predictions import Values


class Ranked:
    """Rows in falling order of a score, ties together.

    Only the ties that hold a positive row matter: the area under the ROC curve is the mean, over positive rows, of
    the share of negative rows below them (a tie counts half: Mann and Whitney 1947, Hanley and McNeil 1982), and the
    average precision is the mean, over them, of the precision down to their tie.

    Args:
        positive: Which rows are positive, `[n]`.
        score: Their scores, `[n]`, finite.
    """

    def __init__(self, positive: Values, score: Values) -> None:
        self.order = np.argsort(-score, kind="stable")
        falling = score[self.order]
        first = np.flatnonzero(np.r_[True, falling[1:] != falling[:-1]]) if len(score) else np.empty(0, np.intp)
        last = np.r_[first[1:], len(score)] - 1
        at = np.flatnonzero(positive[self.order])
        tie = np.searchsorted(first, at, side="right") - 1
        self.starts = np.flatnonzero(np.r_[True, tie[1:] != tie[:-1]]) if len(at) else np.empty(0, np.intp)
        self.positives = self.order[at]
        self.tied = len(self.starts) < len(at)
        self.last, self.before = last[tie[self.starts]], first[tie[self.starts]] - 1

    def __call__(self, counts: Values) -> tuple[Values, Values]:
        """Area under the ROC curve and average precision of each resample, `[b]` each.

        Args:
            counts: How often each row counts in each resample, `[b, n]`, float64.
        """
        if not len(self.starts):
            return np.full(len(counts), np.nan), np.full(len(counts), np.nan)
        down_to = np.cumsum(counts[:, self.order], axis=1)
        here = counts[:, self.positives]
        if self.tied:
            here = np.add.reduceat(here, self.starts, axis=1)
        right = np.cumsum(here, axis=1)
        positive, rows = right[:, -1], down_to[:, -1]
        negative = rows - positive
        upto = down_to[:, self.last]
        above = np.where(self.before >= 0, down_to[:, self.before], 0.0)
        # Twice the negatives above a tie, plus those in it.
        wrong = upto + above - 2.0 * right + here
        area = ratio(positive * negative - 0.5 * np.einsum("ij,ij->i", here, wrong), positive * negative)
        # A tie that a resample left out has no row down to it either, or a precision that counts 0 times.
        precision = right / np.maximum(upto, 1e-300)
        # Without a negative row any order is perfect: that says nothing.
        average = ratio(np.einsum("ij,ij->i", here, precision), np.where(negative > 0, positive, 0.0))
        return area, average


class Median:
    """The median of values, where each counts as often as a resample says.

    Args:
        values: `[n]`.
    """

    def __init__(self, values: Values) -> None:
        self.order = np.argsort(values, kind="stable")
        self.sorted = values[self.order]

    def __call__(self, counts: Values) -> Values:
        """The median of each resample, `[b]`: the mean of the two middle values where there are two."""
        upto = np.cumsum(counts[:, self.order], axis=1)
        half = upto[:, -1:] / 2.0
        low, high = (upto >= half).argmax(axis=1), (upto > half).argmax(axis=1)
        return np.where(half[:, 0] > 0, (self.sorted[low] + self.sorted[high]) / 2.0, np.nan)


def ratio(above: Values, below: Values) -> Values:
    """`above / below`, NaN where `below` is 0."""
    found: Values = np.divide(above, below, out=np.full(np.shape(below), np.nan), where=below > 0)
    return found
