"""Outline and build of single cells: roundness, solidity, eccentricity, lobes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from hemapipe.cells import masks

_LOBE_NECK = 0.72  # two lobes are counted where the nucleus narrows below this share of the lesser one's depth
_LOBE_SIZE = 0.28  # least depth of a lobe, as a share of the radius of a disc of the nucleus's area


@dataclass(frozen=True)
class Shape:
    """Measures of one region; ratios without unit, 0 for an empty one.

    Attributes:
        roundness: 4πA/P², 1 for a disc (Cox, J Paleontol 1927; 1:179), cut off at 1.
        convexity: perimeter of the convex hull / perimeter.
        solidity: area / area of the convex hull.
        eccentricity: of the ellipse with the same second moments, 0 for a disc.
    """

    roundness: float = 0.0
    convexity: float = 0.0
    solidity: float = 0.0
    eccentricity: float = 0.0


def measure(mask: np.ndarray) -> Shape:
    """Measure the largest part of a bool mask; regions of fewer than 5 px have no shape worth a number."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return Shape()
    contour = max(contours, key=len)
    if mask.sum() < 5 or len(contour) < 4:
        return Shape()
    filled = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(filled, [contour], -1, 1, cv2.FILLED)
    hull = cv2.convexHull(contour)
    around = perimeter(contour)
    return Shape(
        roundness=min(4 * np.pi * float(filled.sum()) / around**2, 1.0),
        convexity=min((cv2.arcLength(hull, True) + np.pi) / around, 1.0),
        solidity=min(cv2.contourArea(contour) / max(cv2.contourArea(hull), 1.0), 1.0),
        eccentricity=_eccentricity(filled),
    )


def perimeter(contour: np.ndarray) -> float:
    """Return the perimeter in px of an 8-connected contour through pixel centres (OpenCV's, n × 1 × 2).

    0.980 even steps + 1.406 diagonal steps - 0.091 corners (Vossepoel & Smeulders, Comput Graph Image Process 1982;
    20:347), plus π for the half pixel between the centres and the outer edge.
    """
    steps = np.diff(contour[:, 0], axis=0, append=contour[:1, 0])
    diagonal = np.abs(steps).sum(axis=1) == 2
    corners = (steps != np.roll(steps, 1, axis=0)).any(axis=1)
    return float(0.980 * (~diagonal).sum() + 1.406 * diagonal.sum() - 0.091 * corners.sum() + np.pi)


def _eccentricity(filled: np.ndarray) -> float:
    moments = cv2.moments(filled, binaryImage=True)
    # A pixel is a square, not a point: 1/12 is its own second moment.
    xx, yy = moments["mu20"] / moments["m00"] + 1 / 12, moments["mu02"] / moments["m00"] + 1 / 12
    spread = np.hypot(xx - yy, 2 * moments["mu11"] / moments["m00"])
    return float(np.sqrt(max(2 * spread / (xx + yy + spread), 0.0)))


def lobes(nucleus: np.ndarray) -> int:
    """Count the lobes of one cell's nucleus (bool): parts, and within a part maxima of depth with a neck between."""
    area = int(nucleus.sum())
    if area == 0:
        return 0
    padded = np.pad(nucleus, 1)
    least = max(_LOBE_SIZE * np.sqrt(area / np.pi), 1.0)
    _, peaks, groups = masks.lobe_centres(padded, least, _LOBE_NECK)
    return max(len(set(groups.tolist())) if len(peaks) else 0, 1)
