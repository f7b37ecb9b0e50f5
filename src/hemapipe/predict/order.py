"""Which model of a run comes first: the recommended one, or who stands in for it; the others by the leaderboard."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hemapipe.core.params import PARAMS_PATH, read_params
from hemapipe.evaluation.choose import METRIC
from hemapipe.evaluation.compare_models import LOWER_IS_BETTER


def ranked(scores: Mapping[str, Mapping[str, float]], root: Path) -> list[str]:
    """Return the models in the order of the leaderboard of the checkout `root`, those without a score last.

    Of equal ones the first by name. The metric is `compare.rank_by` of params.yaml, balanced accuracy where there is
    no such file: a copy of a run may be without it.
    """
    params = read_params(root / PARAMS_PATH) if (root / PARAMS_PATH).exists() else {}
    metric = params.get("compare", {}).get("rank_by", METRIC)
    sign = 1 if metric in LOWER_IS_BETTER else -1
    return sorted(scores, key=lambda name: (sign * scores[name].get(metric, sign * float("inf")), name))


def recommend(choice: Mapping[str, Any], usable: Collection[str]) -> tuple[str, str]:
    """Return the model to recommend of the `usable` ones, at least one, and a caveat: '' where it is the run's own.

    `choice` is metrics/choice.json. Where the recommended model kept no weights, the best of the others by validation
    rows stands in, without these the first by name: test scores choose nothing.
    """
    wanted = str(choice.get("recommended", ""))
    if wanted in usable:
        return wanted, ""
    known = {name: float(choice[name]) for name in sorted(usable) if name in choice}
    if known:
        best, by = max(known, key=lambda name: known[name]), "the best of the others by validation rows"
    else:
        best, by = min(usable), "the first by name"
    why = f"the recommended model {wanted} kept no weights" if wanted else "the run recommends no model"
    return best, f"{why}: {best}, {by}, stands in"
