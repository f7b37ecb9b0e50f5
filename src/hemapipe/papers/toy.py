"""A preset cut down until it runs in a minute: does every stage of it work? `presets/toy.yaml` says how small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from hemapipe.admin.overlay import laid_over
from hemapipe.core.params import Section
from hemapipe.papers.presets import Overlay, Protocol


class Toy(Section):
    """`presets/toy.yaml`; its comments say what each key means."""

    px: int
    larger: dict[str, int]
    row: dict[str, Any]
    over: Overlay


def cut_down(root: Path, overlay: Overlay, protocol: Protocol) -> Overlay:
    """Return a preset's overlay for generated images with every size made small, and a half of its models.

    The models are dealt out to the two protocols, so that each is run once; starting a stage takes longer than a toy's
    work in it. A preset's only network runs in both. Ensembles are left out.
    """
    toy = Toy.model_validate(yaml.safe_load((root / "presets" / "toy.yaml").read_text(encoding="utf-8")))
    small = laid_over(toy.over, overlay)
    small["cnn"] = {name: _network(row, toy) for name, row in _dealt(overlay["cnn"], protocol).items()}
    small["classical"], small["ensemble"] = _dealt(overlay["classical"], protocol), {}
    small["extract_features"] = {name: {**row, "px": toy.px} for name, row in overlay["extract_features"].items()}
    small["preprocess"] = {**overlay["preprocess"], "px": sorted({toy.px, *toy.larger.values()})}
    if overlay["augment"]["to"] != "off":
        small["augment"] = {**overlay["augment"], "to": "largest"}
    return small


def _dealt(rows: dict[str, Any], protocol: Protocol) -> dict[str, Any]:
    """Return every other row, those of the other protocol left out; the only one there is in both."""
    names = list(rows)[0 if protocol == "published" else 1 :: 2] or list(rows)
    return {name: rows[name] for name in names}


def _network(row: dict[str, Any], toy: Toy) -> dict[str, Any]:
    weights = "packaged" if row.get("weights") == "packaged" else "scratch"
    return {**row, **toy.row, "px": toy.larger.get(row.get("arch", ""), toy.px), "weights": weights}
