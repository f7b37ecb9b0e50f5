"""A small copy of the project to run, and how tests run commands in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent

#: Dotted overrides of params.yaml that make the default pipeline small: a minute, not five.
TINY = {
    "threads": 1,
    "download.synthetic.n_patients": 16,
    "download.synthetic.n_images": 80,
    "download.synthetic.class_shares": {"benign": 0.25, "early": 0.25, "pre": 0.25, "pro": 0.25},
    "download.synthetic.px": 64,
    "download.synthetic.n_exact_repeats": 2,
    "download.synthetic.n_near_repeats": 2,
    "download.synthetic.n_conflicts": 1,
    "download.synthetic.n_truncated": 1,
    "download.synthetic.n_unreadable": 1,
    "preprocess.px": [64],
    "extract_features": {
        "lite0": {
            "kind": "backbone",
            "builder": "timm",
            "arch": "tf_efficientnet_lite0",
            "weights": "packaged",
            "px": 64,
        },
        "handcrafted": {"kind": "handcrafted", "px": 64},
    },
    "find_ties.px": 64,
    "split.n_folds": 1,
    "cnn": {"lenet": {"builder": "lenet", "px": 64, "weights": "scratch", "epochs": 1}},
    "classical": {
        "lr": {"kind": "logistic_regression", "features": ["lite0", "handcrafted"]},
        "knn": {"kind": "knn", "features": ["handcrafted", "handcrafted"]},
    },
    "ensemble": {"stack": {"kind": "stack", "of": ["lr", "knn", "lenet"]}},
    "evaluate.n_resamples": 100,
    "price_leakage.n_folds": 2,
    "price_leakage.cnn": {"builder": "lenet", "px": 64, "weights": "scratch", "epochs": 1},
    "audit.px": 64,
    "reject.px": 64,
    "explain.n_images": 4,
    "explain.steps": 2,
    "explain.grid": 4,
    "explain.dream_steps": 1,
    "explain.n_repeats": 2,
    "explain.n_resamples": 100,
    "audit.n_folds": 2,
    "audit.n_resamples": 100,
}


def run(command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a shell command in `cwd` with the venv's programs first on PATH; output is captured as text."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "DVC_NO_ANALYTICS": "1", **environment}
    return subprocess.run(command, cwd=cwd, env=env, shell=True, capture_output=True, text=True)


def succeed(command: str, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed and return its output; a failure shows everything it printed."""
    done = run(command, cwd, **environment)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout + done.stderr


def set_params(project: Path, changes: dict) -> None:
    """Write dotted `changes` into the params.yaml of a copy of the project."""
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text())
    for name, value in changes.items():
        *parents, last = name.split(".")
        section = params
        for part in parents:
            section = section[part]
        section[last] = value
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def make_tiny_project(folder: Path) -> Path:
    """Copy what git would track (and DVC's settings) into `folder`, with tiny params and no products."""
    listed = subprocess.run(
        "git ls-files -co --exclude-standard", cwd=ROOT, shell=True, capture_output=True, text=True, check=True
    )
    for name in filter((ROOT).joinpath, listed.stdout.splitlines()):
        top = name.split("/")[0]
        if top in {"src", "stages", ".dvc"} or name in {"dvc.yaml", "params.yaml", ".dvcignore", ".gitignore"}:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    set_params(folder, TINY)
    succeed("git init -q -b main && git add -A && git -c user.name=t -c user.email=t@t commit -qm start", folder)
    return folder
