"""Predictions of which the truth about the metrics is known, because any number of rows can be made."""

from __future__ import annotations

import numpy as np

from mlops_nb.registry.evaluating.predictions import predictions


def binary(random, n, *, shift=1.5, share=0.2, noise=0.0):
    """Two normal classes `shift` apart, with the right probabilities unless there is noise."""
    truth = (random.random(n) < share).astype(int)
    x = random.normal(size=n) + shift * truth
    return truth, answers(truth, x + noise * random.normal(size=n), shift, share)


def answers(truth, x, shift, share):
    chance = 1 / (1 + np.exp(-(shift * x - shift**2 / 2 + np.log(share / (1 - share)))))
    return predictions(truth, (chance > 0.3).astype(int), chance, [0, 1])


def numbers(random, n):
    """Answers that miss by normal errors of standard deviation 1 (and by a slope that is a little wrong)."""
    x = random.normal(size=n)
    return predictions(3 * x + 10 + random.normal(size=n), 2.8 * x + 10)


def multiclass(random, n, classes=("blue", "green", "red")):
    """Three classes with probabilities that are worth something."""
    truth = random.integers(0, len(classes), n)
    weight = random.random((n, len(classes))) + np.eye(len(classes))[truth] * random.random((n, 1))
    chance = weight / weight.sum(axis=1, keepdims=True)
    labels = np.array(classes, dtype=object)
    return predictions(labels[truth], labels[chance.argmax(axis=1)], chance, classes)
