"""`hemapipe predict`: a stream of files through one model, in constant memory."""

from __future__ import annotations

import contextlib
import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from tqdm import tqdm

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.summary import bracket
from hemapipe.images import Decoded, decode
from hemapipe.predict.inputs import Inputs, Item
from hemapipe.predict.patients import Tally, Verdict
from hemapipe.predict.prepare import BATCH
from hemapipe.predict.rows import Format, Row, Writer, failed, found, read_back
from hemapipe.predict.run import Run

#: Pixels of decoded images held at once: fields of 20 megapixels go one by one, small ones a batch at a time.
_MAX_PIXELS = 24_000_000


class Summary(NamedTuple):
    """How many files were looked at, refused or failed, in this call; `verdicts` of all patients."""

    n_files: int
    n_failed: int
    n_flagged: int
    n_resumed: int
    n_left_out: int
    verdicts: list[Verdict]


def predict(run: Run, inputs: Inputs, model: str, form: Format, out: Path | None, resume: bool = False) -> Summary:
    """Write a row for every file of `inputs` to `out` (standard output where None) and return what came of it.

    With `resume`, rows that `out` has already are kept: the files must be the same, in the same order.

    Raises:
        HemapipeError: `out` exists and is not to be resumed, or is of other files or another model.
    """
    tally = Tally(run.known[model])
    items = iter(inputs)
    n_done = _go_on(out, form, run.classes, items, tally, resume)
    n_failed = n_flagged = n_files = 0
    with _opened(out, n_done) as handle:
        writer = Writer(handle, form, run.classes, begun=n_done > 0)
        shown = tqdm(items, unit=" images", disable=None if out else True, file=sys.stderr, initial=n_done)
        for row in rows(run, shown, model):
            writer.write(row)
            _count(tally, row, run.classes)
            n_files += 1
            n_failed += bool(row["error"])
            n_flagged += bool(row["flags"])
    return Summary(n_files, n_failed, n_flagged, n_done, inputs.left_out, tally.verdicts())


def rows(run: Run, items: Iterable[Item], model: str) -> Iterator[Row]:
    """Yield a row per file, in order; only a batch of images is in memory."""
    for batch in _batches(items):
        images = [decoded.pixels for _, decoded in batch if decoded.pixels is not None]
        findings = iter(run.look(images))
        for item, decoded in batch:
            if decoded.pixels is None:
                yield failed(item.path, item.patient, decoded.note, run.classes)
            else:
                note = ["truncated"] if decoded.status == "truncated" else []
                yield found(item.path, item.patient, next(findings), model, run.classes, note)


def write_verdicts(verdicts: list[Verdict], classes: list[str], path: Path) -> None:
    """Write a CSV with a row per patient."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(
            ["patient", "n_images", "n_used", "label", *(f"p_{name}" for name in classes), "decision", "share"]
        )
        for one in verdicts:
            p = [round(value, 6) for value in one.p.tolist()]
            writer.writerow([one.patient, one.n_images, one.n_used, one.label, *p, one.decision, round(one.share, 6)])


def render_verdicts(verdicts: list[Verdict], classes: list[str]) -> str:
    """Return the verdicts as a table for a terminal."""
    lines = [f"{'patient':14} {'images':>6} {'label':10} {' '.join(f'{name[:9]:>9}' for name in classes)} decision"]
    for one in verdicts:
        p = " ".join(f"{value:9.3f}" for value in one.p)
        lines.append(f"{one.patient[:14]:14} {one.n_used:6} {one.label[:10]:10} {p} {one.decision}".rstrip())
    return "\n".join(lines)


def render_summary(done: Summary, run: Run, model: str) -> str:
    """Return one line on what was done, and what the model's own accuracy is."""
    parts = [f"{done.n_files} files by {model}", f"{done.n_flagged} with warnings", f"{done.n_failed} unreadable"]
    parts += [f"{done.n_resumed} done before"] if done.n_resumed else []
    parts += [f"{done.n_left_out} other files left out"] if done.n_left_out else []
    score = run.scores.get(model, {})
    if "balanced_accuracy" in score:
        parts.append(
            f"balanced accuracy of its run {score['balanced_accuracy']:.3f}{bracket(score, 'balanced_accuracy')}, "
            "over all folds; predicted by fold 0's model"
        )
    return "; ".join(parts) + ". Research use only."


def _batches(items: Iterable[Item]) -> Iterator[list[tuple[Item, Decoded]]]:
    batch: list[tuple[Item, Decoded]] = []
    n_pixels = 0
    for item in items:
        decoded = _decoded(item)
        batch.append((item, decoded))
        n_pixels += 0 if decoded.pixels is None else decoded.pixels.shape[0] * decoded.pixels.shape[1]
        if len(batch) == BATCH or n_pixels >= _MAX_PIXELS:
            yield batch
            batch, n_pixels = [], 0
    if batch:
        yield batch


def _decoded(item: Item) -> Decoded:
    try:
        return decode(item.read())
    except (HemapipeError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Decoded(None, "unreadable", reason)


def _go_on(
    out: Path | None, form: Format, classes: list[str], items: Iterator[Item], tally: Tally, resume: bool
) -> int:
    """Skip the items that have a row in `out`, count them in `tally`, and return their number."""
    if out is None or not out.exists():
        return 0
    if not resume:
        raise HemapipeError(f"{out} exists: --resume goes on with it, or give another name")
    if form == "table":
        raise HemapipeError("a table cannot be resumed: give --format csv or jsonl")
    n_done = 0
    for row in read_back(out, form, classes):
        item = next(items, None)
        if item is None or item.path != row["path"]:
            raise HemapipeError(
                f"{out}: row {n_done + 1} is {row['path']!r}, not {item.path if item else 'among the files'!r}; "
                "--resume needs the same files in the same order"
            )
        _count(tally, row, classes)
        n_done += 1
    return n_done


def _count(tally: Tally, row: Row, classes: list[str]) -> None:
    p = [row[f"p_{name}"] for name in classes]
    tally.add(row["patient"], None if row["error"] else np.array(p, float), row["flags"])


@contextlib.contextmanager
def _opened(out: Path | None, n_done: int) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a" if n_done else "w", encoding="utf-8", newline="") as handle:
        yield handle
