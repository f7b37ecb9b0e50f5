"""What all stages share: arguments in, one function called, errors for people."""

from __future__ import annotations

import sys
from collections.abc import Callable

from hemapipe.core.errors import HemapipeError


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command-line words; a HemapipeError ends the stage with its message and status 1."""
    try:
        main(*sys.argv[1:])
    except HemapipeError as error:
        sys.exit(f"{sys.argv[0].rsplit('/', 1)[-1]}: {error}")
