"""Presets of the papers, `presets/<paper>.yaml`: overlays on params.yaml for each protocol.

source: taleqani            the data set the paper used
both:                       laid over params.yaml in every run
published:                  the paper's own protocol
honest:                     the same recipe, split so that nothing leaks
reduced:                    what two cores can do, over either of them
elsewhere:                  by source: what differs there, {both, published, honest}
  synthetic: {…}
variants:                   further runs by name: {only: rows of `cnn` kept, over: laid over all, reduced: …}
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from hemapipe.admin.overlay import laid_over
from hemapipe.core.errors import HemapipeError, did_you_mean
from hemapipe.core.params import Section
from hemapipe.papers.runs import network

Protocol = Literal["published", "honest"]
Overlay = dict[str, Any]

#: Under every preset: a reproduction is after figures, and the weights of one VGG16 fill half a gigabyte of the cache.
SPARING: Overlay = {"train_cnn": {"keep_weights": "none"}, "train_classical": {"keep_weights": "none"}}


class Elsewhere(Section):
    """What differs on another source than the paper's."""

    both: Overlay = Field(default_factory=dict)
    published: Overlay = Field(default_factory=dict)
    honest: Overlay = Field(default_factory=dict)


class Variant(Section):
    """A further run of a paper: `only` these rows of `cnn` (all unless named), with `over` laid over everything."""

    only: list[str] = Field(default_factory=list)
    over: Overlay = Field(default_factory=dict)
    reduced: Overlay = Field(default_factory=dict)

    def of(self, overlay: Overlay, reduced: bool) -> Overlay:
        """Return the paper's `overlay` as the variant changes it."""
        found = laid_over(self.reduced if reduced else {}, laid_over(self.over, overlay))
        return keep_rows(found, self.only or list(found["cnn"]))


class Preset(Section):
    """One paper's overlays; see the module's docstring."""

    name: str = ""
    source: Literal["taleqani", "cnmc"]
    both: Overlay
    published: Overlay
    honest: Overlay
    reduced: Overlay
    elsewhere: dict[str, Elsewhere] = Field(default_factory=dict)
    variants: dict[str, Variant] = Field(default_factory=dict)

    def overlay(self, protocol: Protocol, source: str, reduced: bool, variant: str = "") -> Overlay:
        """Return everything laid over params.yaml for a run on `source`, the later over the earlier.

        Raises:
            HemapipeError: the preset says nothing of `source`, or has no such variant.
        """
        if variant and variant not in self.variants:
            raise HemapipeError(f"{self.name} has no variant {variant!r}{did_you_mean(variant, self.variants)}")
        layers = [SPARING, self.both, getattr(self, protocol), self.reduced if reduced else {}]
        if source != self.source:
            if source not in self.elsewhere:
                known = ", ".join([self.source, *self.elsewhere])
                raise HemapipeError(f"{self.name} has presets for {known}, and this archive is read as {source}")
            there = self.elsewhere[source]
            layers += [there.both, getattr(there, protocol)]
        found: Overlay = {}
        for layer in layers:
            found = laid_over(layer, found)
        return self.variants[variant].of(found, reduced) if variant else found


def keep_rows(overlay: Overlay, rows: Iterable[str]) -> Overlay:
    """Return the overlay with these rows of `cnn` alone, and without ensembles, which may name others.

    Raises:
        HemapipeError: there is no such row.
    """
    table = overlay["cnn"]
    for row in rows:
        if row not in table:
            raise HemapipeError(f"the preset has no network {row!r}{did_you_mean(row, table)}")
    return {**overlay, "cnn": {row: table[row] for row in rows}, "ensemble": {}}


def names(root: Path) -> list[str]:
    """Return the papers that have a preset."""
    stems = [path.stem for path in (root / "presets").glob("*.yaml")]
    return sorted(stem for stem in stems if stem != "toy" and not stem.startswith("demo-"))


def networks(root: Path) -> dict[str, dict[str, str]]:
    """Return the architecture that each paper's preset has, at its full size, in each row of `cnn`."""
    return {name: {row: network(of) for row, of in load_preset(root, name).both["cnn"].items()} for name in names(root)}


def load_preset(root: Path, name: str) -> Preset:
    """Return the preset of a paper.

    Raises:
        HemapipeError: there is none of that name, or it has a key that no preset has.
    """
    if name not in names(root):
        raise HemapipeError(f"no preset {name!r}{did_you_mean(name, names(root))}")
    content = yaml.safe_load((root / "presets" / f"{name}.yaml").read_text(encoding="utf-8"))
    try:
        return Preset.model_validate({**content, "name": name})
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise HemapipeError("\n".join([f"presets/{name}.yaml:", *lines])) from error
