"""Names of metrics, and which values are good as far as their words tell."""

import re

# fmt: off
_LARGE = {
    "accuracy", "acc", "auc", "auroc", "auprc", "f1", "recall", "precision", "r2", "ndcg", "iou", "miou",
    "dice", "bleu", "psnr", "ssim", "revenue", "profit", "sales", "reward", "likelihood", "throughput", "sharpe",
}
_SMALL = {
    "loss", "error", "rmse", "mse", "mae", "mape", "smape", "cost", "latency", "regret", "perplexity", "nll",
    "wer", "cer", "deviance",
}
_OTHER = {
    "avoided", "change", "decrease", "delta", "deviation", "diff", "difference", "drop", "false", "gap",
    "improvement", "increase", "margin", "missed", "negative", "no", "non", "lost", "reduced", "reduction",
    "saved", "saving", "savings", "std", "time", "variance", "var", "without",
}
# fmt: on
"""Words that turn the meaning of others round, or may: a name with one of them tells nothing."""
_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")


def suggests_maximum(metric: str) -> bool:
    """Say whether the words of a name suggest that large values are good; not where they suggest both."""
    return _suggests(metric) is True


def suggests_minimum(metric: str) -> bool:
    """Say whether the words of a name suggest that small values are good; not where they suggest both."""
    return _suggests(metric) is False


def _suggests(metric: str) -> bool | None:
    words = [word.lower() for word in _WORD.findall(metric)]
    large, small, other = (not known.isdisjoint(words) for known in (_LARGE, _SMALL, _OTHER))
    turned = words[:1] == ["neg"]  # As scikit-learn names errors: neg_mean_squared_error.
    return large != turned if large != small and not other else None
