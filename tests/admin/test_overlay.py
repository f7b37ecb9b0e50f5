"""Overlays become words that Hydra, and so `dvc exp run -S`, reads back as the same values."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hemapipe.admin.overlay import TABLES, flatten, laid_over, literal
from hemapipe.core.errors import HemapipeError

ROOT = Path(__file__).resolve().parents[2]
PARAMS = {
    "seed": 1,
    "download": {"source": "synthetic", "folder": {"archive": "a.zip", "sha256": None}},
    "augment": {"to": "largest", "zoom": [1.0, 1.0]},
    "cnn": {"lenet": {"px": 64}},
}


def test_flatten_known_answers():
    overlay = {
        "download": {"source": "folder", "folder": {"archive": "my images.zip", "sha256": None}},
        "augment": {"zoom": [0.9, 1.1]},
        "cnn": {"resnet18": {"px": 128, "weights": "hub", "class_weights": True}},
        "seed": 7,
    }
    assert flatten(overlay, PARAMS) == [
        'download.source="folder"',
        'download.folder.archive="my images.zip"',
        "download.folder.sha256=null",
        "augment.zoom=[0.9,1.1]",
        "~cnn",
        '+cnn={resnet18: {px: 128,weights: "hub",class_weights: true}}',
        "seed=7",
    ]


def test_an_unknown_key_is_an_error_that_names_the_nearest():
    with pytest.raises(HemapipeError, match="did you mean 'zoom'"):
        flatten({"augment": {"zooom": 1}}, PARAMS)
    with pytest.raises(HemapipeError, match="no key 'classical'"):
        flatten({"classical": {}}, PARAMS)


def apply(words: list[str], params: dict) -> dict:
    """Apply overrides as DVC does."""
    from dvc.utils.hydra import apply_overrides

    path = Path("params.yaml")
    path.write_text(yaml.safe_dump(params))
    apply_overrides(path, words)
    return yaml.safe_load(path.read_text())


def test_dvc_applies_the_words_as_meant(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overlay = {
        "cnn": {"a": {"precision": "32", "lr": 0.001}},
        "augment": {"to": 300},
        "download": {"folder": {"sha256": "12"}},
    }
    changed = apply(flatten(overlay, PARAMS), PARAMS)
    assert changed == laid_over(overlay, PARAMS)  # what checks beforehand see
    assert changed["cnn"] == overlay["cnn"]
    assert changed["augment"] == {"to": 300, "zoom": [1.0, 1.0]}
    assert changed["download"] == {"source": "synthetic", "folder": {"archive": "a.zip", "sha256": "12"}}
    assert apply(flatten({"cnn": {}}, PARAMS), PARAMS)["cnn"] == {}


def test_a_section_called_like_a_table_within_another_is_no_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params, overlay = {"price_leakage": {"cnn": {"px": 64, "epochs": 1}}}, {"price_leakage": {"cnn": {"px": 32}}}
    assert laid_over(overlay, params) == {"price_leakage": {"cnn": {"px": 32, "epochs": 1}}}
    assert apply(flatten(overlay, params), params) == laid_over(overlay, params)


text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | text
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(values)
def test_hydra_reads_a_literal_back(value):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    override = OverridesParser.create().parse_override(f"key={literal(value)}")
    assert unquoted(override.value()) == value


def unquoted(value):
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    if isinstance(value, dict):
        return {key: unquoted(item) for key, item in value.items()}
    return getattr(value, "text", value)


@pytest.mark.parametrize("preset", sorted((ROOT / "presets").glob("demo-*.yaml")), ids=lambda path: path.stem)
def test_every_demo_recipe_fits_the_real_params(preset, tmp_path):
    """Also with its comments: DVC edits the file in place, and garbles an emptied table that has one on its line."""
    from dvc.utils.hydra import apply_overrides

    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for overlay in yaml.safe_load(preset.read_text()).values():
        path = tmp_path / "params.yaml"
        path.write_bytes((ROOT / "params.yaml").read_bytes())
        apply_overrides(path, flatten(overlay, params))
        changed = yaml.safe_load(path.read_text())
        assert changed.keys() == params.keys()
        for table in TABLES:
            assert changed[table] == overlay[table]
        sizes = {row["px"] for table in ("cnn", "extract_features") for row in overlay[table].values()}
        leakage, single = changed["price_leakage"], (changed["find_ties"], changed["audit"])
        sizes |= {leakage["cnn"]["px"], *(section["px"] for section in single)}
        assert sizes == set(changed["preprocess"]["px"])
        used = {name for row in [leakage, *overlay["classical"].values()] for name in row["features"]}
        used |= {section["features"] for section in single}
        assert used == set(overlay["extract_features"])
