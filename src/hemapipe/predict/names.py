"""Names of files and patients as text that is safe to show and to store: one line, and no formula of a spreadsheet."""

from __future__ import annotations

import re

#: Control characters, marks that turn the direction of writing, ends of lines, bytes of a name that are no Unicode.
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
#: What `visible` writes in place of these, where a name has it of its own.
_LIKE_AN_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4})")
#: What a spreadsheet takes for a formula, behind any number of apostrophes.
_FORMULA = re.compile("'*[=+\\-@\t\r]")


def visible(text: str) -> str:
    r"""Return `text` with every hidden character written as `\x1b` or `\u202e`; different texts stay different.

    Where anything is written so, or `text` has the like of it itself, its own backslashes are doubled. Every other text
    is returned as it is.
    """
    if not _HIDDEN.search(text) and not _LIKE_AN_ESCAPE.search(text):
        return text
    return _HIDDEN.sub(_escape, text.replace("\\", "\\\\"))


def to_cell(text: str) -> str:
    """Return `text` for a CSV: an apostrophe before what a spreadsheet would take for a formula (CWE-1236)."""
    return "'" + text if _FORMULA.match(text) else text


def from_cell(cell: str) -> str:
    """Undo `to_cell`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
