"""The order of capture where nobody gave one: the numbers that end the file names stand in for it."""

from __future__ import annotations

import pandas as pd

_ENDING = r"^(?P<before>.*?)(?P<number>\d{1,15})$"
#: At least this share of the numbered names must share what stands before the number: else they are hashes.
_SERIES = 0.5
#: With fewer sessions in a class, folds that keep them whole have next to nothing to train on.
_LEAST_SESSIONS = 5


def from_file_numbers(described: pd.DataFrame) -> pd.DataFrame:
    """Return `described` with `sequence` from the file names, where the source knows neither patients nor an order.

    Images of one label are numbered in the order of folder, name and the number at its end, so that folders follow each
    other; images without a label, or whose name does not end with a number, get none.
    """
    if (described[["patient", "sequence"]] != "").any(axis=None):
        return described
    stems = described["path"].astype(str).str.replace(r"\.[^./]*$", "", regex=True)
    parts = stems[described["label"] != ""].str.extract(_ENDING).dropna()
    if not len(parts) or parts["before"].duplicated(keep=False).mean() < _SERIES:
        return described
    parts = parts.assign(label=described["label"], number=parts["number"].astype("int64"))
    ordered = parts.sort_values(["label", "before", "number"], kind="stable")
    places = (ordered.groupby("label").cumcount() + 1).astype(str)
    return described.assign(sequence=places.reindex(described.index, fill_value=""))


def sessions_divide(rows: pd.DataFrame, ties: pd.DataFrame) -> bool:
    """Say whether the sessions found along file numbers are enough in every class to be kept apart.

    Where they are few, they would forbid every test by an order that is itself a guess; blocks of the order remain.
    """
    session = rows["image_id"].map(ties.set_index("image_id")["session"])
    known = session[(rows["label"] != "") & (session != "")]
    return bool((known.groupby(rows["label"]).nunique() >= _LEAST_SESSIONS).all())
