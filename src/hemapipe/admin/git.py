"""The few questions hemapipe asks of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hemapipe.core.errors import HemapipeError


def git(root: Path, *words: str) -> str:
    """Return what `git <words>` prints in `root`.

    Raises:
        HemapipeError: git is not installed or refuses; with its own message.
    """
    try:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, encoding="utf-8")
    except FileNotFoundError as error:
        raise HemapipeError("git is not on PATH: install it") from error
    if done.returncode:
        raise HemapipeError(f"git {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def files_at(root: Path, revision: str, *paths: str) -> list[str]:
    """Return the tracked files at a revision, below `paths` if any are given, relative to the repository's root."""
    listed = git(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", revision, *paths)
    return [name for name in listed.split("\0") if name]
