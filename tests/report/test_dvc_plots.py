"""`dvc plots` with our page and templates: everything inside, nothing fetched, and it really draws."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from dvc_render import render_html
from dvc_render.vega import VegaRenderer

FOLDER = Path(__file__).resolve().parents[2] / ".dvc" / "plots"
PAGE = FOLDER / "page.html"
ROWS = {
    "curves_by_class": ("fpr", "tpr", [{"class": c, "fpr": x, "tpr": x} for c in "ab" for x in (0, 0.5, 1)]),
    "reliability": ("confidence", "accuracy", [{"calibration": "after", "confidence": 0.5, "accuracy": 0.6, "n": 3}]),
    "leaderboard": ("value", "model", [{"model": "lr", "value": 0.9, "low": 0.8, "high": 0.95, "sd": 0.1}]),
    "learning_curves": (
        "epoch",
        "val_loss",
        [{"fold": 0, "epoch": e, "train_loss": 1, "val_loss": 1, "val_accuracy": 0.5} for e in range(3)],
    ),
}


def render(out: Path) -> str:
    renderers = []
    for template, (x, y, rows) in ROWS.items():
        data = [{**row, "rev": rev} for rev in ("HEAD", "workspace") for row in rows]
        renderers.append(VegaRenderer(data, f"{template}.csv", template=template, template_dir=FOLDER, x=x, y=y))
    render_html(renderers, out, html_template=PAGE)
    return out.read_text("utf-8")


def test_every_template_here_is_tried():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(ROWS)


def test_the_page_carries_its_scripts_and_their_licence():
    text = PAGE.read_text("utf-8")
    assert all(text.count(f"{{{name}}}") == 1 for name in ("plot_divs", "refresh_tag")) and "{scripts}" not in text
    assert not re.search(r"<(script|link)[^>]+(src|href)=", text)
    assert "Redistribution and use in source and binary forms" in text
    assert len(text) < 1_000_000


def test_templates_are_filled(tmp_path):
    text = render(tmp_path / "index.html")
    assert text.count("vegaEmbed('#") == len(ROWS)
    assert "DVC_METRIC" not in text
    for spec in re.findall(r"var spec = (\{.*\});\n", text):
        assert json.loads(spec)["data"]["values"]


def test_plots_draw_without_a_network(tmp_path):
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no browser on this machine: install Debian's chromium to run it")
    render(tmp_path / "index.html")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command = [chromium, *flags, "--virtual-time-budget=8000", "--dump-dom", f"file://{tmp_path}/index.html"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert shown.count("<canvas") == len(ROWS)
