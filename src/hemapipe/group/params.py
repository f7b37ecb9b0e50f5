"""The section `group` of params.yaml."""

from __future__ import annotations

from typing import Literal

from hemapipe.core.params import Section


class GroupParams(Section):
    """What ties images together; an empty list leaves every image on its own."""

    by: list[Literal["patient", "repeat", "near", "session"]]
