"""Checks of single printed numbers, and of pairs that cannot both be right."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from hemapipe.core.text import counted
from hemapipe.evaluation.wilson import wilson
from hemapipe.papers.claims import Paper
from hemapipe.papers.findings import Finding, called, facts, one, said, stated
from hemapipe.papers.printed import agrees, as_percent, counts_for, digits, percent, rounded_to, step
from hemapipe.papers.recompute import class_totals, recompute

#: A coincidence rarer than this is a finding.
RARE = 0.05


def fraction(paper: Paper, model: str, metric: str, where: str = "", n: int = 0) -> Finding | None:
    """A share is that of no whole number of the test images (`n`, else as many as the class totals make)."""
    claim = one(paper, model, metric, **({"where": where} if where else {}))
    share, n = claim.printed, n or sum(class_totals(paper).values())
    whole = counts_for(share, n)
    if any(agrees(k / n, share) for k in whole):
        return None
    near = ", ".join(f"{k:,} are {percent(k / n, digits(share))}" for k in whole)
    least, k = smallest_set(share)
    text = (
        f"{as_percent(share)} of {n:,} images would be {float(share * n):,.1f}; {near}. As an exact share it needs a "
        f"multiple of {Fraction(share).denominator:,} images, as a rounded one at least {least:,} ({k:,} / {least:,})."
    )
    return Finding(paper.name, f"{model}: {said(claim)} is no share of the test images", text)


def smallest_set(share: Decimal) -> tuple[int, int]:
    """Return the smallest n, and k, such that k / n, rounded to the digits of `share`, is `share`."""
    for n in range(1, Fraction(share).denominator):
        for k in counts_for(share, n):
            if rounded_to(k / n, share) == share:
                return n, k
    return Fraction(share).denominator, Fraction(share).numerator


def kfold_fraction(paper: Paper, model: str, metric: str) -> Finding | None:
    """A mean over folds is exactly a share of one small test set, which chance rarely brings about."""
    claim, folds = one(paper, model, metric), int(stated(paper, "folds"))
    exact = Fraction(claim.printed)
    n = exact.denominator
    odds = coincidence(claim.printed)
    if odds * RARE < 1:
        return None
    parts = paper.facts.parts.values() if paper.facts else []
    sizes = "; ".join(f"{part.images:,} images make folds of {part.images / folds:,.1f}" for part in parts)
    equal = f", or {folds} folds of {n // folds:,}" if n % folds == 0 else ""
    text = (
        f"{as_percent(claim.printed)} is exactly {exact.numerator:,} / {n:,}. Of the values with as many digits one in "
        f"{odds:,.0f} is a multiple of 1 / {n:,}: a mean over {folds} folds hardly lands there by chance, while every "
        f"accuracy on one test set of {n:,} images{equal} does" + (f" ({sizes})." if sizes else ".")
    )
    return Finding(paper.name, f"The {folds}-fold mean is a share of one test set of {n:,} images", text)


def coincidence(share: Decimal) -> float:
    """Return how many printable values there are to each multiple of 1/n, n the denominator of `share`."""
    return float(Fraction(1, Fraction(share).denominator) / Fraction(step(share)))


def several_values(paper: Paper, model: str, metric: str) -> Finding | None:
    """One thing is given several values, which do not become one when rounded to the coarsest."""
    claims = [claim for claim in paper.find(model, metric) if claim.epoch is None]
    coarsest = max(claims, key=lambda claim: step(claim.printed)).printed
    values = [claim.claimed for claim in claims]
    if all(agrees(value, coarsest) for value in values):
        return None
    text = f"{', '.join(said(claim) for claim in claims)}: up to {100 * (max(values) - min(values)):.1f} points apart."
    return Finding(paper.name, f"{model}: {metric} is given in {len(set(values))} ways", text)


def implied_recall(paper: Paper, model: str, label: str) -> Finding | None:
    """Precision and F1 together need a recall above 1."""
    p, f = one(paper, model, f"precision_{label}"), one(paper, model, f"f1_{label}")
    recall = recall_of(p.claimed, f.claimed)
    if recall <= 1:
        return None
    p_most, f_least = p.claimed + float(step(p.printed)) / 2, f.claimed - float(step(f.printed)) / 2
    best = recall_of(p_most, f_least)
    how = f"only if both were rounded favourably (precision {p_most:.3f}, F1 {f_least:.3f}) it is {best:.3f}"
    text = (
        f"Recall = F1 × precision / (2 × precision − F1) = {f.printed} × {p.printed} / (2 × {p.printed} − {f.printed}) "
        f"= {recall:.3f}, above 1; {how if best <= 1 else f'no rounding helps, at best it is {best:.3f}'}."
    )
    return Finding(paper.name, f"{model}: precision and F1 of {called(paper, label)} need a recall above 1", text)


def recall_of(precision: float, f1: float) -> float:
    """Return the recall that precision and F1 imply; infinite where none does."""
    below = 2 * precision - f1
    return f1 * precision / below if below > 0 else math.inf


def called_highest(paper: Paper, model: str, metric: str, beside: str) -> Finding | None:
    """A figure is called the highest beside a model whose accuracy is higher."""
    claim, accuracy = one(paper, model, metric), one(paper, beside, "accuracy")
    if claim.printed >= accuracy.printed:
        return None
    short = metric.removeprefix("macro_").upper()
    text = f"{short} {claim.printed} of {model} is called the highest; {beside} has an accuracy of {accuracy.printed}"
    if "macro_precision" in paper.values[beside]:
        precision = one(paper, beside, "macro_precision").claimed
        implied = 2 * precision * accuracy.claimed / (precision + accuracy.claimed)
        text += (
            f" and a precision of {precision:g}; with classes of one size accuracy is the mean recall, and F1 then "
            f"about {implied:.3f}"
        )
    return Finding(paper.name, f"{model}'s {short} is called the highest and is not", text + ".")


def exceeds(paper: Paper, model: str, other: str, metric: str, split: str = "test") -> Finding | None:
    """A model's claim is above that of one it is meant to be below; `split`: of the other one's claim."""
    first, second = one(paper, model, metric), one(paper, other, metric, split=split)
    if first.printed <= second.printed:
        return None
    points = 100 * (first.printed - second.printed)
    text = f"{model} {said(first)} exceeds {other} {said(second)} by {points:.2f} points."
    return Finding(paper.name, f"{model} is above {other}", text)


def totals(paper: Paper, parts: list[int], total: int, of: str) -> Finding | None:
    """Parts do not make the stated sum."""
    if sum(parts) == total:
        return None
    text = f"{' + '.join(f'{part:,}' for part in parts)} = {sum(parts):,} {of}, not {total:,}."
    return Finding(paper.name, f"The {of} do not add up", text)


def not_all_right(paper: Paper, model: str, test_share: float) -> Finding | None:
    """It is said that nothing is wrong, and AUC is 1.0 for every class, beside an accuracy below 1."""
    claim = one(paper, model, "accuracy")
    areas = [one(paper, model, f"roc_auc_{name}").printed for name in paper.classes]
    if claim.printed == 1 or any(area < 1 for area in areas) or paper.stated.get("n_errors") != 0:
        return None
    images = sum(part.images for part in facts(paper).parts.values())
    n = round(test_share * images)
    what = "No errors are said to be made, beside an accuracy below 100 %"
    text = f"No errors, and AUC {areas[0]} for each of {len(areas)} classes, which one error would allow; "
    text += f"accuracy {as_percent(claim.printed)}"
    right = next((k for k in reversed(counts_for(claim.printed, n)) if agrees(k / n, claim.printed)), None)
    if right is None:
        return Finding(paper.name, what, f"{text}, which is no share of {n:,} images ({test_share:.0%} of {images:,}).")
    cut = rounded_to(right / n, claim.printed) != claim.printed
    how = f" (cut; rounded it is {percent(right / n, digits(claim.printed))})" if cut else ""
    low, high = wilson(right, n)
    text += (
        f" = {right:,} / {n:,}{how}, {n:,} being {percent(test_share, 0)} of {images:,}: "
        f"{counted(n - right, 'error')}, not none. "
        f"Wilson's 95 % interval of {right:,} / {n:,} is {percent(low)} to {percent(high)}."
    )
    return Finding(paper.name, what, text)


def mean_of_two(paper: Paper, models: list[str]) -> Finding | None:
    """The 'validation accuracy', taken as a mean of training and test, leaves another test accuracy than the matrix."""
    parts = []
    for model in models:
        mean, train = (one(paper, model, "accuracy", split=split) for split in ("validation", "training"))
        left, found = 2 * mean.printed - train.printed, recompute(paper, model)
        if found and abs(found.metrics["accuracy"] - float(left)) > 2 * float(step(mean.printed)):
            sum_of = f"2 × {as_percent(mean.printed)} − {as_percent(train.printed)} = {as_percent(left)}"
            parts.append(f"{model}: {sum_of}, the matrix has {percent(found.metrics['accuracy'])}")
    if not parts:
        return None
    text = f"{'; '.join(parts)}. (Nothing follows if the training accuracy is the last cycle's and no mean.)"
    what = "'Validation accuracy' as the mean of training and test leaves another test accuracy than the matrix"
    return Finding(paper.name, what, text)
