"""How the page says it: the attributes a haematologist reads first, the warnings, the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hemapipe.reject.domain import FLAGS, NOT_A_SMEAR

#: Said on every page, and in every answer.
RESEARCH_USE = "Research use only. Not a medical device: nothing here may guide a diagnosis."

Unit = Literal["count", "percent", "ratio", "number"]


@dataclass(frozen=True)
class Attribute:
    """One of `hemapipe.cells.attributes.NAMES` in words; `meaning` is for those who ask."""

    name: str
    label: str
    unit: Unit
    meaning: str


#: In the order of reading: what is there, then size, then the nucleus from its outline to its chromatin.
FIRST = (
    Attribute("n_white", "White cells", "count", "found in the image, those cut by its border included"),
    Attribute("n_red", "Red cells", "count", "found in the image, those cut by its border included"),
    Attribute("n_platelets", "Platelets", "count", "anything small and purple, precipitate too"),
    Attribute("nc_ratio_mean", "Nucleus : cell", "ratio", "area of the nucleus / area of the cell, mean"),
    Attribute("cell_area_mean", "Cell size", "percent", "of the image's area, mean of the white cells"),
    Attribute("cell_area_sd", "Cell size, spread", "percent", "standard deviation over the white cells"),
    Attribute("nucleus_roundness_mean", "Nuclear roundness", "ratio", "4πA/P²: 1 is a disc"),
    Attribute("nucleus_solidity_mean", "Nuclear outline", "ratio", "area / convex hull: below 1, folded or indented"),
    Attribute("lobes_mean", "Nuclear lobes", "number", "parts of the nucleus, mean of the white cells"),
    Attribute("nucleoli_mean", "Nucleoli", "number", "pale spots in the nucleus, mean of the white cells"),
    Attribute("glcm_contrast", "Chromatin contrast", "number", "grey-level co-occurrence: higher is coarser"),
    Attribute("lbp_entropy", "Chromatin texture", "number", "entropy of local patterns: higher is less even"),
)

#: The flags that take the worth of the verdicts beside them.
GRAVE = {NOT_A_SMEAR}
FAMILIES = {"cnn": "network", "classical": "classical", "ensemble": "ensemble"}

#: Okabe and Ito's colours (2008), for as many classes as can be told apart; then they come again.
COLOURS = ("#0072b2", "#e69f00", "#cc79a7", "#009e73", "#d55e00", "#56b4e9", "#f0e442", "#7f7f7f")


def value(amount: float, unit: Unit) -> str:
    """Return an attribute's value for reading."""
    if unit == "count":
        return f"{amount:.0f}"
    if unit == "percent":
        return f"{100 * amount:.1f} %"
    return f"{amount:.2f}" if unit == "ratio" else f"{amount:.3g}"


def percent(p: float) -> str:
    """Return a probability in percent, never rounded to certainty."""
    if 0 < p < 0.005:
        return "< 1 %"
    if 0.995 < p < 1:
        return "> 99 %"
    return f"{100 * p:.0f} %"


def flag(name: str) -> tuple[str, bool]:
    """Return the sentence of a warning, and whether it takes the verdicts' worth."""
    told = FLAGS.get(name, name.replace("_", " "))
    begin = "Perhaps no smear" if name == NOT_A_SMEAR else name.replace("_", " ").capitalize()
    return f"{begin}: {told}.", name in GRAVE


def colours(classes: list[str]) -> dict[str, str]:
    """Return a colour per class."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(classes)}


def family(name: str) -> str:
    """Return what the report calls a model's family, which is also its colour's name in the style sheet."""
    return FAMILIES.get(name, name)
