"""Named attributes in families: attributes of one family stand in for one another, and hide each other singly."""

from __future__ import annotations

from hemapipe.cells import attributes, colour, texture

#: The colours of the empty slide, which tell nothing of a cell.
BACKGROUND = "background colour"
#: Family → beginnings of the names of its attributes, the first that fits counts.
_STARTS = {
    "nucleus size": ("nucleus_area",),
    "N:C ratio": ("nc_ratio",),
    "nucleoli": ("nucleoli",),
    "nucleus shape": (
        "nucleus_roundness", "nucleus_convexity", "nucleus_solidity", "nucleus_eccentricity", "nucleus_offset", "lobes",
    ),
    "cell size": ("cell_area",),
    "cell shape": ("cell_roundness", "cell_solidity", "cell_eccentricity"),
    "counts and areas": (
        "has_white_cell", "single_cell", "n_white", "n_red", "n_platelets", "white_share", "red_share", "red_area",
        "background_share",
    ),
}  # fmt: skip
_EXACT = {
    "chromatin texture": {*texture.GLCM_NAMES, *texture.LBP_NAMES},
    "nucleus colour": set(colour.names("nucleus")),
    "cytoplasm colour": set(colour.names("cytoplasm")),
    BACKGROUND: set(colour.names("background")),
}


def family(attribute: str) -> str:
    """Return the family of one of `cells.attributes.NAMES`. The background's share is an area, not its colour."""
    for name, members in _EXACT.items():
        if attribute in members:
            return name
    return next(name for name, starts in _STARTS.items() if attribute.startswith(starts))


def families() -> dict[str, list[str]]:
    """Return family → its attributes; every attribute is in one."""
    found: dict[str, list[str]] = {}
    for attribute in attributes.NAMES:
        found.setdefault(family(attribute), []).append(attribute)
    return found
