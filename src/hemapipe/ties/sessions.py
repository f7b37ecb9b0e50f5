"""Sessions of capture: a stand-in for patients where a source does not name them.

Images taken one after the other of one slide have its stain and its light; where these jump, another slide, and
probably another patient, begins. It is no more than that: one patient may have several sessions, and two patients
whose slides look alike may share one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hemapipe.ties import appearance, changes
from hemapipe.ties.params import TiesParams


def find(rows: pd.DataFrame, packed: np.ndarray, params: TiesParams, n_jobs: int = 1) -> np.ndarray:
    """Return the session of each row: '' for images with a known patient or without a sequence number.

    Per cohort and label, as file numbers begin anew with each; in the order of `sequence`. A session's name is the
    smallest image_id in it after `session:`.

    Args:
        rows: `image_id`, `label`, `patient`, `cohort`, `sequence` of the decodable images, in packed order.
        packed: (len(rows), px, px, 3), uint8 RGB, may be a memory map.
        params: the shortest session and the penalty for one more.
        n_jobs: processes; the result does not depend on it.
    """
    names = np.full(len(rows), "", dtype=object)
    number = pd.to_numeric(rows["sequence"], errors="coerce")
    eligible = np.flatnonzero(number.notna() & (rows["patient"] == "")) if params.sessions else np.zeros(0, int)
    looks = appearance.measure(packed, eligible, n_jobs)
    ordered = rows.iloc[eligible].assign(number=number.to_numpy()[eligible], place=np.arange(len(eligible)))
    for _, part in ordered.sort_values(["number", "image_id"]).groupby(["cohort", "label"]):
        places = part["place"].to_numpy()
        numbers = changes.segments(looks[places], params.session_penalty, params.session_min)
        names[eligible[places]] = "session:" + part["image_id"].groupby(numbers).transform("min").to_numpy()
    return names.astype(str)
