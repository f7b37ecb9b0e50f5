"""The stages download and catalog, run as DVC runs them, on a folder of one's own images."""

import json

import cv2
import numpy as np
import pytest
import yaml

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import MANIFEST, read_table
from stages import catalog, download


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project beside a folder `mine/<label>/<n>.png`, as the working directory."""
    rng = np.random.default_rng(0)
    for label in ("benign", "pro"):
        (tmp_path / "archives" / "mine" / label).mkdir(parents=True)
        for number in range(3):
            picture = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / "archives" / "mine" / label / f"{number}.png"), picture)
    folder = {"archive": "mine", "sha256": None, "pattern": "{label}/{name}"}
    params = {"seed": 1, "threads": 1, "download": {"source": "folder", "folder": folder}, "catalog": {"strict": True}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEMAPIPE_DATA", raising=False)
    return tmp_path


@pytest.mark.parametrize("by_flag", [True, False])
def test_download_then_catalog(project, monkeypatch, by_flag):
    if not by_flag:
        monkeypatch.setenv("HEMAPIPE_DATA", str(project / "archives"))
    download.main(*(["--data-dir", "archives"] if by_flag else []))
    catalog.main()
    table = read_table("data/manifest.csv", MANIFEST)
    assert table["path"].tolist() == [f"{label}/{number}.png" for label in ("benign", "pro") for number in range(3)]
    assert json.loads((project / "metrics/catalog.json").read_text())["n_ok"] == 6
    assert (project / "plots/catalog/sheet.png").stat().st_size > 0


def test_both_stages_write_equal_bytes_again(project):
    outs = ["data/raw.zip", "data/manifest.csv", "metrics/catalog.json", "plots/catalog/sheet.png"]
    seen = []
    for _ in range(2):
        download.main("--data-dir", "archives")
        catalog.main()
        seen.append([(project / out).read_bytes() for out in outs])
    assert seen[0] == seen[1]


def test_without_a_data_folder_the_error_says_what_to_set(project):
    with pytest.raises(HemapipeError, match=r"mine not found \(HEMAPIPE_DATA is not set\)"):
        download.main()


def test_a_wrong_flag_shows_the_usage(project):
    with pytest.raises(HemapipeError, match="usage: "):
        download.main("--folder")
