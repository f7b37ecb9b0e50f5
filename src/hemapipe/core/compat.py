"""Make torchvision importable beside a CPU-only torch.

The published torchvision wheel is a CUDA build. On a CPU-only torch its extension does not load, and
`import torchvision` fails with `operator torchvision::nms does not exist`. Declaring the two operator
schemas before that import cures it: models, transforms and timm then work; compiled operators
(`ops.nms`, `io.decode_*`) do not, and hemapipe uses none of them.

The cure waits as an import hook, so that a stage without torch pays nothing.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_keep_alive: list[object] = []


class _BeforeTorchvision(importlib.abc.MetaPathFinder):
    """Runs once, at the first `import torchvision`, and finds nothing itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Declare the schemas if they will be missing, then let the ordinary finders go on."""
        if fullname == "torchvision":
            sys.meta_path.remove(self)
            declare_missing_operators()
        return None


def install() -> None:
    """Put the hook in place, once."""
    already = any(isinstance(finder, _BeforeTorchvision) for finder in sys.meta_path)
    if "torchvision" not in sys.modules and not already:
        sys.meta_path.insert(0, _BeforeTorchvision())


def declare_missing_operators() -> None:
    """Declare torchvision's operators where its own extension cannot: on a torch without CUDA.

    A no-op where torch has CUDA (the wheel's extension loads) and where they exist already.
    """
    import torch

    if torch.version.cuda is not None or hasattr(torch.ops.torchvision, "nms"):
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        library.define(schema)
    _keep_alive.append(library)
