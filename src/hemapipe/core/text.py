"""Numbers and lists in sentences."""

from __future__ import annotations


def counted(n: int, one: str, many: str = "") -> str:
    """Return `1 image`, `2 images`, `1,204 images`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def some(names: list[str], most: int = 5) -> str:
    """List some names and say how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
