"""What a run was made with: numbers are promised bit-equal only on one kind of processor."""

from __future__ import annotations

import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "dvc",
    "numpy",
    "pandas",
    "scikit-learn",
    "torch",
    "torchvision",
    "timm",
    "lightning",
    "xgboost",
    "xgboost-cpu",
    "onnxruntime",
    "onnxruntime-gpu",
    "opencv-python-headless",
    "scikit-image",
)
#: Vector instructions that linear algebra is written for: with others, sums come in another order.
INSTRUCTIONS = {"avx", "avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "sve", "bf16"}


def describe() -> dict[str, str]:
    """Return flat text: python, system, processor, instructions, gpu, and `version_<package>` of what is installed."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": cpuinfo("model name") or platform.processor() or platform.machine(),
        "instructions": ", ".join(sorted(INSTRUCTIONS & set(cpuinfo("flags").split()))) or "unknown",
        "gpu": gpus(),
        **{f"version_{name}": version for name in PACKAGES if (version := _version(name))},
    }


def cpuinfo(field: str, path: Path = Path("/proc/cpuinfo")) -> str:
    """Return a field of the first processor, empty where the system does not tell."""
    lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.split(":")[0].strip() == field), "")


def gpus() -> str:
    """Return the names of NVIDIA devices, or none; asks the driver, as importing torch takes a second."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return "none"
    command = [program, "--query-gpu=name", "--format=csv,noheader"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    names = found.stdout.strip().splitlines() if found.returncode == 0 else []
    return ", ".join(names) or "none"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
