"""Keep uploads on purpose: the files under their hash, and a line about each in index.jsonl."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hemapipe.core.errors import HemapipeError
from hemapipe.serve.items import Item


class Keeper:
    """A folder that every readable upload is kept in. Names given by clients are in the index alone."""

    def __init__(self, folder: Path) -> None:
        """Make the folder.

        Raises:
            HemapipeError: it cannot be made or written to.
        """
        self._folder = folder
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "index.jsonl").touch()
        except OSError as error:
            raise HemapipeError(f"uploads cannot be kept in {folder}: {error}") from error

    def keep(self, kept: list[tuple[Item, dict[str, Any]]]) -> None:
        """Write each image, and what was found."""
        for item, found in kept:
            data = item.read()
            name = hashlib.sha256(data).hexdigest()
            with self._lock:
                (self._folder / name).write_bytes(data)
                with (self._folder / "index.jsonl").open("a", encoding="utf-8") as index:
                    index.write(json.dumps({"sha256": name, "at": datetime.now(UTC).isoformat(), **found}) + "\n")
