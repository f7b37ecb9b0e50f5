"""Overlays: partial params.yaml files that change one run, as the `-S` words of `dvc exp run`.

params.yaml itself is never rewritten. The rows of a table *are* the active models, so an overlay that names a
table replaces it as a whole; every other key is set leaf by leaf.
"""

from __future__ import annotations

import re
from typing import Any

from hemapipe.core.params import lookup

TABLES = ("extract_features", "cnn", "classical", "ensemble")


def flatten(overlay: dict[str, Any], params: dict[str, Any]) -> list[str]:
    """Return the overrides, in Hydra's grammar, that turn `params` into `params` with `overlay` laid over it.

    Raises:
        HemapipeError: the overlay names a key that `params` does not have.
    """
    words: list[str] = []
    for key, value in overlay.items():
        if key in TABLES:
            lookup(params, key)
            words += [f"~{key}", f"+{key}={literal(value)}"]
        else:
            words += _leaves(key, value, params)
    return words


def laid_over(overlay: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """Return what `flatten` makes of `params`, or of another overlay: tables replaced, other keys set leaf by leaf.

    Neither of the two is changed.
    """
    tables = {key: value for key, value in overlay.items() if key in TABLES}
    sections = {key: value for key, value in overlay.items() if key not in TABLES}
    return {**_deeply(sections, params), **tables}


def literal(value: Any) -> str:
    """Write a YAML value in Hydra's grammar; every text is quoted, so that it stays text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, list):
        return "[" + ",".join(literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _deeply(upper: dict[str, Any], lower: dict[str, Any]) -> dict[str, Any]:
    found = dict(lower)
    for key, value in upper.items():
        known = lower.get(key)
        found[key] = _deeply(value, known) if isinstance(value, dict) and isinstance(known, dict) else value
    return found


def _leaves(name: str, value: Any, params: dict[str, Any]) -> list[str]:
    known = lookup(params, name)
    if isinstance(value, dict) and isinstance(known, dict):
        return [word for key, item in value.items() for word in _leaves(f"{name}.{key}", item, params)]
    if isinstance(value, dict) or isinstance(known, dict):
        return [f"~{name}", f"+{name}={literal(value)}"]
    return [f"{name}={literal(value)}"]


def _quote(text: str) -> str:
    """Escape as Hydra reads it: a backslash counts only where a quote follows."""
    escaped = re.sub(r'(\\*)"', lambda match: match[1] * 2 + '\\"', text)
    return '"' + re.sub(r"(\\+)$", lambda match: match[1] * 2, escaped) + '"'
