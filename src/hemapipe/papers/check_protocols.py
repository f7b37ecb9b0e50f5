"""Checks of what a protocol implies: leaks, test sets of another size than stated, patients, frozen layers."""

from __future__ import annotations

import math
from itertools import combinations

from hemapipe.papers.claims import Facts, Paper
from hemapipe.papers.entries import Part
from hemapipe.papers.findings import Finding, both, called, facts, stated
from hemapipe.papers.printed import percent
from hemapipe.papers.recompute import class_totals


def augmented_first(paper: Paper, test_share: float) -> Finding | None:
    """Images are augmented to a number per class before the split by image: siblings on both sides."""
    target, originals = int(stated(paper, "per_class")), _classes(facts(paper))
    share = copies_share(originals, target)
    if share == 0:
        return None
    total, images = target * len(originals), sum(originals.values())
    chances = {name: sibling_probability(n, target, test_share) for name, n in originals.items()}
    least = min(originals, key=lambda name: originals[name])
    text = (
        f"{len(originals)} × {target:,} = {total:,} images from {images:,} originals: {total - images:,} / {total:,} = "
        f"{percent(share, 0)} are copies. {called(paper, least)}: {originals[least]:,} originals become {target:,}, "
        f"{target / originals[least]:.2f} of each; with {percent(test_share, 0)} of these drawn for the test set, a "
        f"test image has a sibling in training with probability {chances[least]:.2f} (over all classes "
        f"{sum(chances.values()) / len(chances):.2f})."
    )
    return Finding(paper.name, "Augmentation before the split puts copies of test images into training", text)


def copies_share(originals: dict[str, int], target: int) -> float:
    """Return the share of copies among `target` images per class; a class with more originals gets none."""
    sizes = [max(target, n) for n in originals.values()]
    return 1 - sum(originals.values()) / sum(sizes)


def sibling_probability(original: int, target: int, test_share: float) -> float:
    """Return how likely a test image has a sibling in training, over all test images of a class.

    `original` images become `target` by as equal numbers of variants as possible; `test_share` of the `target` are
    drawn at random for the test set. Exact (hypergeometric).
    """
    target = max(target, original)
    n_test, (each, more) = round(test_share * target), divmod(target, original)

    def alone(size: int) -> float:
        return math.prod(max(n_test - i, 0) / (target - i) for i in range(1, size))

    return 1 - ((original - more) * each * alone(each) + more * (each + 1) * alone(each + 1)) / target


def stated_images(paper: Paper, most: int = 50) -> Finding | None:
    """The matrices hold a whole percentage of another number of images than stated."""
    by_class, n_stated = class_totals(paper), int(stated(paper, "n_images"))
    n = sum(by_class.values())
    if whole_shares(n, n_stated, most):
        return None
    known = {_names(parts): sum(p.images for p in parts.values()) for parts in _subsets(facts(paper))}
    fits = [
        f"{share} % of {images:,} ({names}) are {share * images / 100:,.2f}"
        for names, images in known.items()
        for share in whole_shares(n, images, most)
    ]
    near = int(100 * n / n_stated)
    held = " + ".join(f"{k:,}" for k in by_class.values())
    text = (
        f"The matrices hold {held} = {n:,} images. {n_stated:,} are stated, of which {near} % are "
        f"{near * n_stated / 100:,.1f} and {near + 1} % {(near + 1) * n_stated / 100:,.1f}"
        + (f"; {both(fits)}, that is {n:,}." if fits else ".")
    )
    return Finding(paper.name, f"The test set is no whole percentage of the {n_stated:,} images stated", text)


def whole_shares(n: int, total: int, most: int = 50) -> list[int]:
    """Return the whole percentages (1 to `most`) of `total` that give `n`, rounded either way."""
    exact = {share: share * total / 100 for share in range(1, most + 1)}
    return [share for share, value in exact.items() if n in (math.floor(value), math.ceil(value))]


def patients(paper: Paper) -> Finding | None:
    """The images stated are those of another number of patients."""
    images, claimed = int(stated(paper, "n_images")), int(stated(paper, "n_patients"))
    for parts in _subsets(facts(paper)):
        found = sum(part.patients for part in parts.values())
        if sum(part.images for part in parts.values()) == images and found != claimed:
            pieces = both([f"{part.images:,} of {part.patients} ({name})" for name, part in parts.items()])
            text = f"{images:,} images are {pieces}: {found} patients, not {claimed}."
            return Finding(paper.name, f"{images:,} images are not of {claimed} patients", text)
    return None


def frozen_body(paper: Paper, body: int, batch_norm: int, head: int) -> Finding | None:
    """The parameter counts are those of a body never unfrozen, in which batch norm alone was trained."""
    total, trainable, frozen = (int(stated(paper, f"n_{key}")) for key in ("parameters", "trainable", "frozen"))
    if frozen != body - batch_norm or trainable != head + batch_norm or total != body + head:
        return None
    text = (
        f"Frozen {frozen:,} = body {body:,} − batch norm {batch_norm:,}; trainable {trainable:,} = head {head:,} + "
        f"batch norm {batch_norm:,}; together {total:,}. {percent(trainable / total)} of the parameters "
        "were trained, no convolution among them."
    )
    return Finding(paper.name, "The body was never unfrozen", text)


def between(papers: dict[str, Paper]) -> list[Finding]:
    """Papers on one data set scored different test sets, split by image: their figures cannot be compared."""
    found = []
    for data in dict.fromkeys(paper.data for paper in papers.values()):
        sizes = {name: _test_size(paper) for name, paper in papers.items() if paper.data == data and _test_size(paper)}
        if len(set(sizes.values())) > 1:
            text = both([f"{name} scores {n:,} images" for name, n in sizes.items()]) + ": not the same test set."
            text += _otherwise_divided([papers[name] for name in sizes])
            found.append(Finding(both(list(sizes)), f"Figures on {data} cannot be compared between papers", text))
    return found


def _otherwise_divided(papers: list[Paper]) -> str:
    """Say where papers divide the images otherwise than those who published them; '' where none is known to."""
    own = papers[0].facts.divided_by if papers[0].facts else ""
    others = [paper for paper in papers if own and paper.divided_by not in ("", own)]
    if not others:
        return ""
    names, kept = both([paper.name for paper in others]), both(sorted({paper.divided_by for paper in others}))
    return f" Nor with the publishers' challenge, which keeps every {own} whole: {names} divide by {kept}."


def _test_size(paper: Paper) -> int:
    held = sum(class_totals(paper).values())
    return held or (int(stated(paper, "n_test")) if "n_test" in paper.stated else 0)


def _classes(known: Facts) -> dict[str, int]:
    """Return images per class over all parts."""
    names = {name for part in known.parts.values() for name in part.classes}
    return {name: sum(part.classes.get(name, 0) for part in known.parts.values()) for name in sorted(names)}


def _subsets(known: Facts) -> list[dict[str, Part]]:
    names = list(known.parts)
    chosen = [names_of for size in range(1, len(names) + 1) for names_of in combinations(names, size)]
    return [{name: known.parts[name] for name in names_of} for names_of in chosen]


def _names(parts: dict[str, Part]) -> str:
    return both(list(parts))
