"""Checks of printed confusion matrices: against each other, against the class totals and against the text."""

from __future__ import annotations

import numpy as np

from hemapipe.papers.claims import Paper
from hemapipe.papers.findings import Finding, both, called, one, said
from hemapipe.papers.printed import agrees, as_percent, percent
from hemapipe.papers.recompute import Counts, class_totals, is_swapped, printed, recompute, scores


def swapped_fp_fn(paper: Paper, model: str) -> Finding | None:
    """FP and FN stand in each other's place; what that means is shown on one model."""
    if not is_swapped(paper):
        return None
    label, total = called(paper, paper.positive), class_totals(paper)[paper.positive]
    sums = [one.tp + one.fn for one in paper.matrices.values() if one.tp is not None and one.fn is not None]
    text = (
        f"TP + FP is {total:,} for each of {len(sums)} models, while TP + FN, which should be the number of {label} "
        f"images, runs from {min(sums):,} to {max(sums):,}: FP and FN are exchanged."
    )
    return Finding(paper.name, "False positives and false negatives are swapped", text + _what_it_means(paper, model))


def _what_it_means(paper: Paper, model: str) -> str:
    """Return what a model's precision, misses and specificity are once FP and FN are back in their places."""
    asis, meant = recompute(paper, model, meant=False), recompute(paper, model)
    cells, positive = paper.matrices[model], paper.positive
    if asis is None or meant is None or cells.tp is None or cells.fp is None:
        return ""
    rest = next(name for name in paper.classes if name != positive)
    row = meant.counts[paper.classes.index(rest)]
    right = meant.counts[paper.classes.index(rest), paper.classes.index(rest)]
    return (
        f" {model}: TP / (TP + FP) = {cells.tp:,} / {cells.tp + cells.fp:,} = "
        f"{percent(asis.metrics[f'precision_{positive}'])}, printed as precision, is the sensitivity for "
        f"{called(paper, positive)}; its precision is {percent(meant.metrics[f'precision_{positive}'])}. The "
        f"{cells.fn:,} under FN are {called(paper, rest)} images called {called(paper, positive)}, so that its "
        f"specificity is {right:,.0f} / {row.sum():,.0f} = {percent(meant.metrics[f'specificity_{positive}'])}."
    )


def row_totals(paper: Paper) -> list[Finding]:
    """A class has another number of images in one model's matrix than in the test set."""
    totals, found = class_totals(paper), []
    for model in paper.matrices:
        counts = printed(paper, model, is_swapped(paper))
        for c, name in enumerate(paper.classes):
            held = counts[c].sum()
            if name in totals and not np.isnan(held) and held != totals[name]:
                cells, label = " + ".join(f"{cell:,.0f}" for cell in counts[c]), called(paper, name)
                text = f"{cells} = {held:,.0f} {label} images, not {totals[name]:,}."
                what = f"{model}: the matrix holds another number of {label} images"
                found.append(Finding(paper.name, what, text + _mended(paper, model, counts, c, totals[name])))
    return found


def _mended(paper: Paper, model: str, counts: Counts, c: int, total: int) -> str:
    """Return which one cell of row `c` would have to be another to give the claimed accuracy, if one does."""
    claims = [one for one in paper.claims() if (one.model, one.metric, one.split) == (model, "accuracy", "test")]
    claims = [one for one in claims if one.epoch is None and not one.also]
    if not claims or np.isnan(counts).any():
        return ""
    accuracy = scores(counts, paper.classes)["accuracy"]
    text = (
        f" The matrix holds {counts.sum():,.0f} images, which makes an accuracy of {percent(accuracy)}; claimed are "
        f"{as_percent(claims[0].printed)}."
    )
    for cell in range(len(counts)):
        mended = counts.copy()
        mended[c, cell] += total - counts[c].sum()
        accuracy = scores(mended, paper.classes)["accuracy"]
        if mended[c, cell] >= 0 and agrees(accuracy, claims[0].printed):
            text += (
                f" With {mended[c, cell]:,.0f} in place of {counts[c, cell]:,.0f} it holds {mended.sum():,.0f} and "
                f"gives {percent(accuracy, 3)}."
            )
    return text


def matrix_accuracy(paper: Paper, split: str = "test") -> Finding | None:
    """The accuracy in the text is not that of the matrix."""
    parts = []
    for model in paper.matrices:
        claim, found = one(paper, model, "accuracy", split=split), recompute(paper, model)
        if found and not agrees(found.metrics["accuracy"], claim.printed):
            right, n = found.counts.trace(), found.counts.sum()
            of = f"{right:,.0f} / {n:,.0f} = {percent(right / n, 2)}"
            parts.append(f"{model}: {as_percent(claim.printed)} claimed, {of} in the matrix")
    if not parts:
        return None
    return Finding(paper.name, "The accuracies in the text are not those of the matrices", "; ".join(parts) + ".")


def order(paper: Paper, models: list[str], metric: str, split: str = "test") -> Finding | None:
    """The matrices rank two models the other way round than the text does."""
    claims = [one(paper, model, metric, split=split) for model in models]
    values = [found.metrics[metric] for model in models if (found := recompute(paper, model))]
    if len(values) < 2 or float(claims[0].printed - claims[1].printed) * (values[0] - values[1]) >= 0:
        return None
    text = ", ".join(f"{model} {said(claim)}" for model, claim in zip(models, claims, strict=True))
    matrices = ", ".join(f"{model} {percent(value)}" for model, value in zip(models, values, strict=True))
    what = f"The matrices rank {both(models)} the other way round than the text"
    return Finding(paper.name, what, f"Text: {text}. Matrices: {matrices}.")


def below_majority(paper: Paper, model: str) -> Finding | None:
    """A model is right less often than one answer for every image."""
    totals, claim = class_totals(paper), one(paper, model, "accuracy")
    n = sum(totals.values())
    beaten = [(name, k) for name, k in sorted(totals.items(), key=lambda item: item[1]) if claim.claimed < k / n]
    if not beaten:
        return None
    shares = both([f"{called(paper, name)} ({k:,} / {n:,} = {percent(k / n)})" for name, k in beaten])
    text = f"{model}'s accuracy of {as_percent(claim.printed)} is below that of always answering {shares}."
    return Finding(paper.name, f"{model} is right less often than one answer for every image", text)
