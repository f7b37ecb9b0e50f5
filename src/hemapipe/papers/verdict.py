"""How a figure of ours stands to a claim, and the honest one to the published protocol's, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hemapipe.papers.claims import Claim
from hemapipe.papers.printed import step
from hemapipe.papers.runs import Ours, Run


@dataclass(frozen=True)
class Gap:
    """Published minus honest, with its 95 % interval (None without intervals of both)."""

    value: float
    low: float | None
    high: float | None


def gap(published: Ours, honest: Ours) -> Gap:
    """Return by how much the honest figure is lower.

    The interval is Newcombe's (1998, Stat. Med. 17:873, method 10): the distances of both intervals' ends from their
    values, squared and added. It takes the two figures for independent, as they come from different networks.
    """
    value = published.value - honest.value
    if published.low is None or published.high is None or honest.low is None or honest.high is None:
        return Gap(value, None, None)
    below = math.hypot(published.value - published.low, honest.high - honest.value)
    above = math.hypot(published.high - published.value, honest.value - honest.low)
    return Gap(value, value - below, value + above)


def verdict(claim: Claim, run: Run | None, found: Ours | None, between: Gap | None, other: str = "") -> str:
    """Return what a reader should make of a row: the claim against our interval, and for honest rows the gap.

    `other`: the network that stands in for the paper's; like other data, it tests no claim.
    """
    if run is None or found is None:
        return "no result"
    stands_in = [*(["stand-in data"] if run.stand_in else []), *(["another network"] if other else [])]
    about = ", ".join([*(["reduced run"] if run.reduced else []), *stands_in])
    parts = [f"{about}: no test of the claim" if stands_in else about]
    if not stands_in:
        parts.append(against(claim, found))
    parts.append(found.note)
    if between is not None:
        parts.append(describe(between))
    return "; ".join(part for part in parts if part)


def against(claim: Claim, found: Ours) -> str:
    """Say where the claim lies in or beside our interval; half its last digit is allowed for rounding, .005 at most."""
    value, slack = claim.claimed, min(float(step(claim.printed)) / 2, 0.005)
    low, high = (found.value if end is None else end for end in (found.low, found.high))
    name = "our interval" if found.low is not None and found.high is not None else "our figure, which has no interval,"
    if claim.above:
        return f"at least the claim (above {value:g})" if low >= value else _unmet(value, found.value)
    if low - slack <= value <= high + slack:
        return f"claim inside {name}".rstrip(",")
    side, distance = ("above", value - high) if value > high else ("below", low - value)
    return f"claim {side} {name} by {distance:.3f}"


def describe(between: Gap) -> str:
    """Say by how much the honest figure is lower or higher, and whether the interval of that leaves it open."""
    value, ends = between.value, ""
    side = "lower" if value >= 0 else "higher"
    if between.low is not None and between.high is not None:
        low, high = sorted((between.low, between.high) if value >= 0 else (-between.high, -between.low))
        ends = f" [{low:.3f}, {high:.3f}]"
        ends += ", not distinguishable" if low <= 0 else ""
    return f"honest {side} by {abs(value):.3f}{ends}"


def _unmet(value: float, found: float) -> str:
    if found > value:
        return f"figure above the claim's {value:g}, interval reaches below it"
    return f"not above {value:g} as claimed"
