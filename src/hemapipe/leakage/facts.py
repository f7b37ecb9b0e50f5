"""What the comparison rests on: sizes, scheme, what stands in for patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from hemapipe.core.tables import persons

if TYPE_CHECKING:
    from hemapipe.leakage.arms import Arms

ARMS = ("image", "honest")
MODELS = ("lr", "cnn")
#: Columns of the calls: the class index of each model under each split.
CALLS = ["image_id", *(f"{model}_{arm}" for model in MODELS for arm in ARMS)]


def facts(arms: Arms, manifest: pd.DataFrame, clusters: pd.DataFrame) -> dict[str, Any]:
    """Return flat facts about the comparison: sizes, scheme, how many test images leak, and a note for the reader.

    `n_test` images are tested once in each arm; `n_train_mean` is the mean number of training images of a fold, equal
    in both arms; `n_siblings_image` of the test images have a sibling in training under the split by image.
    """
    if not arms.tables:
        return {"n_test": 0, "scheme_honest": "none", "note": f"no honest split is possible: {arms.reason}"}
    table = arms.tables["honest"]
    tested = table.loc[table["role"] == "test", "image_id"]
    n_groups = int(clusters.loc[clusters["image_id"].isin(tested), "group"].nunique())
    return {
        "scheme_honest": arms.scheme,
        "n_folds": arms.n_folds,
        "n_test": len(tested),
        "n_train_mean": float(f"{(table['role'] == 'train').sum() / arms.n_folds:.6g}"),
        "n_groups": n_groups,
        "n_siblings_image": arms.siblings,
        "note": note(arms.scheme, manifest.set_index("image_id").loc[tested], n_groups),
    }


def note(scheme: str, rows: pd.DataFrame, n_groups: int) -> str:
    """Return what limits the honest arm, in words; '' where every test image (a row of the manifest) has a patient."""
    unknown = int((persons(rows) == "").sum())
    if scheme == "contiguous":
        alone = "; neighbours count as independent, so the intervals are too narrow" if n_groups == len(rows) else ""
        return f"blocks of capture order stand in for patients, so the gap may be larger than measured{alone}"
    if unknown == len(rows):
        ordered = pd.to_numeric(rows["sequence"], errors="coerce").notna().all()
        lacking = "no patients are known" if ordered else "neither patients nor a whole capture order are known"
        return (
            f"{lacking}, and the honest split is not by capture order: it keeps together only what is tied in another "
            "way, such as repeated pictures, so a small gap proves nothing"
        )
    if unknown:
        return f"{unknown} of {len(rows)} images name no patient, so the gap may be larger than measured"
    return ""
