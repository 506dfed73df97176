"""Which way a metric gets better, judged by its name, for metrics whose rows do not say."""

from __future__ import annotations

import re

# fmt: off
_UP = frozenset((
    "accuracy", "acc", "balanced_accuracy", "auc", "roc_auc", "pr_auc", "auroc", "auprc",
    "average_precision", "ap", "map", "ndcg", "dcg", "mrr", "f1", "f2", "fbeta", "f_beta", "r2",
    "adjusted_r2", "precision", "recall", "sensitivity", "specificity", "tpr", "tnr", "jaccard", "iou",
    "dice", "kappa", "cohen_kappa", "mcc", "matthews_corrcoef", "matthews_correlation",
    "explained_variance", "d2", "score", "hit_rate", "top_k_accuracy", "bleu", "rouge", "silhouette",
    "calinski_harabasz", "adjusted_rand", "rand", "homogeneity", "completeness", "v_measure",
    "fowlkes_mallows", "mutual_info", "likelihood", "log_likelihood", "gini", "lift", "psnr", "ssim",
    "pearson", "spearman", "throughput",
))
_DOWN = frozenset((
    "loss", "error", "err", "rmse", "mae", "mse", "mape", "smape", "wape", "msle", "rmsle", "medae",
    "log_loss", "logloss", "cross_entropy", "nll", "max_error", "pinball_loss", "brier", "brier_score",
    "hinge_loss", "hamming_loss", "zero_one_loss", "deviance", "coverage_error", "ranking_loss",
    "davies_bouldin", "davies_bouldin_score", "perplexity", "ppl", "wer", "cer", "fid", "ece", "fpr", "fnr",
    "false_positive_rate", "false_negative_rate", "latency", "aic", "bic", "kl", "divergence", "regret",
    "inertia", "residual",
))
# fmt: on
_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"([a-z])([A-Z])")


def direction(name: str) -> int:
    """Which way the metric of this name gets better.

    A prefix (`val/loss`, `test_auc`), a suffix (`roc_auc_score[X_valid]`, `f1_macro`) and the case do not
    matter; scikit-learn's `neg_` scores get better upwards.

    Args:
        name: The metric's key.

    Returns:
        1 when greater is better, -1 when less is better, 0 when the name does not tell.

    Examples:
        >>> direction("roc_auc_score[X_valid]"), direction("val/loss"), direction("epoch")
        (1, -1, 0)
    """
    plain = _CAMEL.sub(r"\1_\2", name.split("[", 1)[0]).lower()
    words = [word for word in _NOT_WORDS.split(plain) if word]
    if "neg" in words:
        return 1
    # The longest phrase decides (`brier_score` is not a score), of equals the last (`auc_loss` is a loss). No
    # phrase of the table is longer than three words.
    for length in range(min(len(words), 3), 0, -1):
        for start in range(len(words) - length, -1, -1):
            phrase = "_".join(words[start : start + length])
            if phrase in _UP or phrase in _DOWN:
                return 1 if phrase in _UP else -1
    return 0


def best_of(least: float | None, greatest: float | None, way: int) -> float | None:
    """The better one of a series' extremes; None when it is not known which is, or every point was NaN."""
    return greatest if way > 0 else least if way < 0 else None
