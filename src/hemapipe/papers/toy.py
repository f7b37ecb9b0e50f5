"""A preset cut down until it runs in a minute: does every stage of it work? `presets/toy.yaml` says how small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from hemapipe.core.params import Section
from hemapipe.papers.presets import Overlay, merged


class Toy(Section):
    """`presets/toy.yaml`; its comments say what each key means."""

    px: int
    larger: dict[str, int]
    row: dict[str, Any]
    over: Overlay


def cut_down(root: Path, overlay: Overlay) -> Overlay:
    """Return a preset's overlay for generated images with every size made small; models and protocol stay."""
    toy = Toy.model_validate(yaml.safe_load((root / "presets" / "toy.yaml").read_text(encoding="utf-8")))
    small = merged(overlay, toy.over)
    small["cnn"] = {name: _network(row, toy) for name, row in overlay["cnn"].items()}
    small["extract_features"] = {name: {**row, "px": toy.px} for name, row in overlay["extract_features"].items()}
    small["preprocess"] = {**overlay["preprocess"], "px": sorted({toy.px, *toy.larger.values()})}
    if overlay["augment"]["to"] != "off":
        small["augment"] = {**overlay["augment"], "to": "largest"}
    return small


def _network(row: dict[str, Any], toy: Toy) -> dict[str, Any]:
    weights = "packaged" if row.get("weights") == "packaged" else "scratch"
    return {**row, **toy.row, "px": toy.larger.get(row.get("arch", ""), toy.px), "weights": weights}
