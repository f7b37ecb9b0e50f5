"""Shared by all tests: one thread each (workers run side by side), the tiers, and where the real archives are."""

import os
import sys
from pathlib import Path

import pytest
from tiny_project import ROOT

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # read when numpy or torch is first imported, by the tests
for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)  # `make test` runs the tests; the makes they start are nobody's children

sys.path.insert(0, str(ROOT))  # `stages` is run from the root, not installed

#: Parts of the names of files that take longest, in order.
LONGEST = ("test_pipeline", "training/test_cnn", "audit/", "cnn/test_every")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the tests that take minutes")
    parser.addoption("--gpu", action="store_true", help="also run the tests that need a CUDA device")
    parser.addoption("--browser", action="store_true", help="also run the tests that need Chromium")


def pytest_collection_modifyitems(config, items):
    # A file stays with one worker: the longest first, so that no worker is left alone with one at the end.
    items.sort(key=lambda item: next((n for n, name in enumerate(LONGEST) if name in item.nodeid), len(LONGEST)))
    for tier in ("slow", "gpu", "browser"):
        if not config.getoption(f"--{tier}"):
            for item in items:
                if item.get_closest_marker(tier):
                    item.add_marker(pytest.mark.skip(reason=f"{tier} tier: run with --{tier}"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real archives beside the project, on the machines that have it."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.exists():
        pytest.skip("the real archives are not on this machine")
    return folder
