"""Generate a synthetic collection: one zip with images, and their truth kept beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from joblib import Parallel, delayed

from hemapipe import archive
from hemapipe.smear import faults
from hemapipe.smear.cohort import Patient, cohort
from hemapipe.smear.field import render
from hemapipe.smear.params import SyntheticParams
from hemapipe.smear.truth import Shot, as_csv, image_table, mask_arrays


def generate(params: SyntheticParams, seed: int, out: Path, n_jobs: int = 1) -> None:
    """Write the collection to `out`; equal params and seed give equal bytes, whatever `n_jobs`.

    In the zip (stored, fixed timestamps):
        images/<patient>/<label>/<patient>-<nnn>.jpg   RGB, px × px; nnn is the order of capture
        truth/images.csv, truth/faults.csv             columns: truth.IMAGES, truth.FAULTS
        truth/masks.npz                                label: 0 background, 1 red cell, 2 cytoplasm, 3 nucleus of a
                                                       white cell; instance: 0 nothing, else the number of the cell
    The masks are one file and no PNGs: whatever looks like an image in an archive is taken for one by the catalog.
    """
    patients = cohort(params, seed)
    # Batches of one patient: their numbers of images differ, and results come back in order either way.
    rolls = Parallel(n_jobs=n_jobs)(delayed(shoot)(patient, params) for patient in patients)
    shots, fault_table = faults.Planter([shot for roll in rolls for shot in roll], patients, params, seed).plant()
    entries = {shot.path: shot.data for shot in shots}
    entries |= {"truth/images.csv": as_csv(image_table(shots)), "truth/faults.csv": as_csv(fault_table)}
    entries["truth/masks.npz"] = mask_arrays(shots)
    archive.pack({}, out, entries)


def shoot(patient: Patient, params: SyntheticParams) -> list[Shot]:
    """Render all fields of a patient, with the shortcuts that params plant."""
    cv2.setNumThreads(1)  # patients run side by side
    return [_shot(patient, sequence, params) for sequence in range(1, patient.n_images + 1)]


def _shot(patient: Patient, sequence: int, params: SyntheticParams) -> Shot:
    rng = np.random.default_rng([patient.seed, sequence, 1])  # the shortcuts' own stream: pixels stay without them
    slide, leans = faults.lean_background(patient.slide, patient.label, rng)
    bar = faults.has_scale_bar(patient.label, rng) and params.scale_bar_leans
    if not params.background_leans:
        slide, leans = patient.slide, False
    field = render(replace(patient, slide=slide), sequence, params.px, params.field_um, params.difficulty)
    if bar:
        faults.burn_scale_bar(field.image, field.label, field.instance, params.px / params.field_um)
    known = {
        "stain_hue": slide.hue,
        "stain_strength": slide.strength,
        "light": float(np.mean(slide.light)),
        "focus_px": slide.focus_um * params.px / params.field_um,
        "background_leans": int(leans),
        "scale_bar": int(bar),
    }
    truth = (field.label, field.instance, field.nucleoli, known)
    return Shot(patient.name, sequence, patient.label, patient.label, faults.encode(field.image), *truth)
