"""Where images come from: one module per data set, found by its name in `download.source`.

A source module exposes
    NAME, TITLE, LICENCE, HOMEPAGE, CITATION   texts; LICENCE is what the publisher states, for the user to check
    EXPECTED                                   published number of images per label, or None where there is none
    Params                                     its section `download.<name>` of params.yaml
    fetch(params, seed, n_jobs, data_dir, out) writes one archive (zip) to `out`
    describe(names, archive, params)           a row per name of `names`, which are the image files of the open ZipFile
                                               `archive`: base.COLUMNS, text, '' = unknown; optional further
                                               columns `note`, `person` and `cohort` go into the manifest; image
                                               files left out (masks) count as ignored
and may expose
    verify(files)                              metrics and warnings from a table `path, file_sha256` of all image files
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from hemapipe.core.errors import HemapipeError, did_you_mean

_NOT_SOURCES = {"base"}


def names() -> list[str]:
    """Return the sources there are, sorted."""
    found = {module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")}
    return sorted(found - _NOT_SOURCES)


def load(name: str) -> ModuleType:
    """Return the module of the source called `name`.

    Raises:
        HemapipeError: no such source; the message names the nearest one, or all.
    """
    if name not in names():
        raise HemapipeError(f"download.source: no source {name!r}{did_you_mean(name, names())}")
    return importlib.import_module(f"hemapipe.sources.{name}")
