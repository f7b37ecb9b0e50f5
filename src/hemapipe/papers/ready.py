"""What would stop a reproduction after hours, said before it begins."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from hemapipe.admin.overlay import laid_over
from hemapipe.admin.recognise import is_list
from hemapipe.admin.settings import check_params
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import check, read_params, resolve
from hemapipe.papers.presets import Overlay
from hemapipe.training.cnn.params import CnnRow, TrainParams


def require_sound(root: Path, overlay: Overlay) -> dict[str, Any]:
    """Return params.yaml with the overlay laid over it, once every key and name in it was checked.

    Raises:
        HemapipeError: a key that nothing reads, a value that cannot be, or a name that is no row; each on its line.
    """
    params = laid_over(overlay, read_params(root / "params.yaml"))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "params.yaml"
        path.write_text(yaml.safe_dump(params), encoding="utf-8")
        check_params(path)
    return params


def require_machine(params: dict[str, Any]) -> None:
    """Raise a HemapipeError if a network asks for half precision without a GPU, or for weights that cannot be had.

    Weights are downloaded into the hub's cache, where training finds them.
    """
    from hemapipe.models import cnn
    from hemapipe.training.cnn.fit import device_of

    section = check(TrainParams, params["train_cnn"], "train_cnn")
    for name, values in params["cnn"].items():
        row = check(CnnRow, values, f"cnn.{name}")
        recipe = resolve(section, row)
        if recipe.precision == "16" and device_of(recipe) == "cpu":
            raise HemapipeError(f"{name} is trained in precision 16, which needs a GPU, or --reduced")
        if row.weights == "hub":
            cnn.build(row.builder, row.arch or name, 2, row.px, "hub")


def require_no_fuller_results(folder: Path, only: tuple[str, ...]) -> None:
    """Raise a HemapipeError if some networks alone were to replace the results of more."""
    if not only or not (folder / "run.json").exists():
        return
    lost = sorted({path.stem for path in (folder / "plots" / "train").glob("*.csv")} - set(only))
    if lost:
        raise HemapipeError(
            f"results/{folder.name} has {', '.join(lost)} too, which --only would replace by nothing: "
            "name them as well, or move that folder away"
        )


def require_patients(archive: Path, source: str, pattern: str) -> None:
    """Raise a HemapipeError if an honest split is asked for of images that nobody can put together by patient."""
    if source == "folder" and not is_list(archive) and "{patient}" not in pattern:
        raise HemapipeError(
            f"--honest keeps patients whole, and the pattern {pattern!r} names none: say where in a path the patient "
            "stands, as in --pattern 'images/{patient}/{label}/{name}'"
        )
