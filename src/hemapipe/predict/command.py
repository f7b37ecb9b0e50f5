"""`hemapipe predict`: a stream of files through one model, in constant memory."""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
from tqdm import tqdm

from hemapipe.core.errors import HemapipeError
from hemapipe.core.text import counted
from hemapipe.evaluation.summary import bracket
from hemapipe.images import Decoded, decode
from hemapipe.predict.inputs import Inputs, Item
from hemapipe.predict.patients import Tally, Verdict
from hemapipe.predict.prepare import BATCH
from hemapipe.predict.resume import earlier
from hemapipe.predict.rows import Format, Maker, Row, Writer, failed, found
from hemapipe.predict.run import Run
from hemapipe.reject.domain import NOT_A_SMEAR

#: Pixels of decoded images held at once: fields of 20 megapixels go one by one, small ones a batch at a time.
_MAX_PIXELS = 24_000_000


class Summary(NamedTuple):
    """How many files were looked at, failed, were flagged or refused in this call, how many rows were there before it.

    `n_read` of all these rows are of files that could be read; `verdicts` of all patients.
    """

    n_files: int
    n_failed: int
    n_flagged: int
    n_refused: int
    n_resumed: int
    n_read: int
    n_left_out: int
    verdicts: list[Verdict]


class _Count:
    """Counts rows, and adds them to their patients."""

    def __init__(self, tally: Tally, classes: list[str]) -> None:
        self.tally, self.p = tally, [f"p_{name}" for name in classes]
        self.n_rows = self.n_failed = self.n_flagged = self.n_refused = 0

    def add(self, row: Row) -> None:
        p = None if row["error"] else np.array([row[name] for name in self.p], float)
        self.tally.add(row["patient"], p, row["flags"])
        self.n_rows += 1
        self.n_failed += bool(row["error"])
        self.n_flagged += bool(row["flags"])
        self.n_refused += NOT_A_SMEAR in row["flags"]


def predict(run: Run, inputs: Inputs, model: str, form: Format, out: Path | None, resume: bool = False) -> Summary:
    """Write a row for every file of `inputs` to `out` (standard output where None) and return what came of it.

    With `resume`, rows that `out` has are kept: the model, the files, their order and patients must be the same.

    Raises:
        HemapipeError: `out` exists and is not to be resumed, or is of something else; there is no image.
    """
    maker = Maker(model, run.version(model), run.classes)
    tally, items = Tally(run.known[model]), iter(inputs)
    before, now = _Count(tally, run.classes), _Count(tally, run.classes)
    if out is not None and out.exists():
        if not resume:
            raise HemapipeError(f"{out} exists: --resume goes on with it, or give another name")
        for row in earlier(out, form, run.classes, maker.name, items):
            before.add(row)
    items = _some(items, inputs, before.n_rows)
    with _opened(out, before.n_rows) as handle:
        writer = Writer(handle, form, run.classes, begun=before.n_rows > 0)
        shown = tqdm(items, unit=" images", disable=None if out else True, file=sys.stderr, initial=before.n_rows)
        for batch in rows(run, shown, maker):
            writer.write(batch)
            for row in batch:
                now.add(row)
    n_read = before.n_rows + now.n_rows - before.n_failed - now.n_failed
    return Summary(
        now.n_rows, now.n_failed, now.n_flagged, now.n_refused, before.n_rows, n_read, inputs.left_out, tally.verdicts()
    )


def rows(run: Run, items: Iterable[Item], maker: Maker) -> Iterator[list[Row]]:
    """Yield a row per file, in order, a batch at a time; only a batch of images is in memory."""
    for batch in _batches(items):
        images = [decoded.pixels for _, decoded in batch if decoded.pixels is not None]
        findings = iter(run.look(images))
        yield [
            failed(item, decoded.note, maker)
            if decoded.pixels is None
            else found(item, next(findings), maker, ["truncated"] if decoded.status == "truncated" else [])
            for item, decoded in batch
        ]


def check_new(patients: Path | None, out: Path | None, resume: bool) -> None:
    """Hold the names of the files to write against what is there, before anything is predicted.

    Raises:
        HemapipeError: `patients` exists and is not to be written again, or a file could not be told from another.
    """
    if resume and out is None:
        raise HemapipeError("--resume needs --out, the file to go on with")
    if patients is None:
        return
    if patients.exists() and not resume:
        raise HemapipeError(f"{patients} exists: give --patients another name; only --resume writes it again")
    if out is not None and out.resolve() == patients.resolve():
        raise HemapipeError(f"--out and --patients are both {out}: give two names")


def render_summary(done: Summary, run: Run, model: str) -> str:
    """Return one line on what was done, what the model's own accuracy is, and any caveat about its choice."""
    parts = [
        f"{counted(done.n_files, 'file')} by {run.version(model)}",
        f"{done.n_flagged} with warnings" + (f", {done.n_refused} of them refused" if done.n_refused else ""),
        f"{done.n_failed} unreadable",
    ]
    parts += [f"{done.n_resumed} done before"] if done.n_resumed else []
    parts += [f"{done.n_left_out} other files left out"] if done.n_left_out else []
    score = run.scores.get(model, {})
    if "balanced_accuracy" in score:
        parts.append(
            f"balanced accuracy of its run {score['balanced_accuracy']:.3f}{bracket(score, 'balanced_accuracy')}, "
            f"over all folds; predicted by fold 0's model{_of_fold0(run, score)}"
        )
        parts += [_of_8_bits(run, model)] if run.version(model) != model else []
    parts += ["there is no 8-bit version of it"] if run.int8 and run.version(model) == model else []
    parts += [run.caveat] if run.caveat and model == run.recommended else []
    return "; ".join(parts) + ". Research use only."


def _of_fold0(run: Run, score: dict[str, Any]) -> str:
    """Say how good the model that answers is by itself, where that was measured and there are other folds."""
    own = score.get("balanced_accuracy_fold0")
    single = run.facts["split"].get("n_folds") == 1
    return "" if own is None or single else f", which has {own:.3f} on that fold's test images"


def _of_8_bits(run: Run, model: str) -> str:
    """Say that what was printed is not of the 8 bits that answer, and what theirs is where it was measured."""
    score = run.scores_8_bit.get(model)
    own = "was not measured" if score is None else f"has {score:.3f} on that fold's test images"
    return f"all that is the full model's: the one in 8 bits, which answers, {own}"


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


def _some(items: Iterator[Item], inputs: Inputs, n_before: int) -> Iterator[Item]:
    """Return `items`, of which there must be one unless there were any before."""
    first = list(itertools.islice(items, 1))
    if not first and not n_before:
        others = f" ({inputs.left_out} other files left out)" if inputs.left_out else ""
        raise HemapipeError(f"no image found{others}: give images, folders, zips, or CSVs with a column `path`")
    return itertools.chain(first, items)


@contextlib.contextmanager
def _opened(out: Path | None, n_done: int) -> Iterator[TextIO]:
    if out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may not know every letter of a name
        yield sys.stdout
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a" if n_done else "w", encoding="utf-8", newline="") as handle:
        yield handle
