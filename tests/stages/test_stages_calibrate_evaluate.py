"""calibrate and evaluate on files, as the pipeline calls them."""

import json

import pytest
import yaml
from evaluation.evaluation_examples import manifest_and_groups, predictions

from hemapipe.core.errors import HemapipeError
from hemapipe.core.tables import write_table
from stages import calibrate, evaluate


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    manifest, groups = manifest_and_groups(240, 24)
    write_table(manifest.assign(width=1, height=1, conflict=False, patient=groups["group"]), "data/manifest.csv")
    write_table(groups, "data/groups.csv")
    write_table(groups[["image_id"]].assign(near_repeat="", session=""), "data/ties.csv")
    write_table(predictions(manifest, groups), "data/predictions/net.csv")

    def both(**wanted):
        params = {
            "seed": 3,
            "calibrate": {"positive": ["early", "pro"], "sensitivity": 0.95, "cost": None} | wanted,
            "evaluate": {"n_resamples": 100, "ece_bins": 10, "few_images": 5, "low_margin": 0.2},
        }
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
        calibrate.main("net")
        evaluate.main("net")
        return json.loads((tmp_path / "metrics/evaluate/net.json").read_text())

    return both


def test_thresholds_and_patients_join_the_metrics(run, tmp_path):
    found = run()
    assert found["patient_unit"] == "patient" and found["n_patients_scored"] == found["n_groups"] == 24
    for name in ("screen_sensitivity", "patient_sensitivity", "patient_roc_auc", "at_threshold_specificity_pro"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    table = (tmp_path / "plots/evaluate/net/patients.csv").read_text().splitlines()
    assert len(table) == 25 and table[0].startswith("unit,n_images,label,n_labels,by_mean,by_vote,confidence,margin")


def test_what_is_wanted_moves_the_decisions_and_nothing_else(run):
    strict, lax = run(sensitivity=0.99), run(sensitivity=0.6)
    assert strict["screen_sensitivity"] > lax["screen_sensitivity"] + 0.2
    assert strict["screen_specificity"] < lax["screen_specificity"]
    decided = ("screen_", "at_threshold_", "patient_sensitivity", "patient_specificity", "n_thresholds")
    rest = [{k: v for k, v in one.items() if not k.startswith(decided)} for one in (strict, lax)]
    assert rest[0] == rest[1]


def test_costs_move_the_threshold_to_the_cheaper_error(run):
    dear, cheap = (run(cost={"miss": miss, "false_alarm": 1}) for miss in (20, 0.05))
    assert dear["screen_sensitivity"] > cheap["screen_sensitivity"]
    assert dear["screen_specificity"] < cheap["screen_specificity"]


def test_positive_classes_of_another_data_set_are_named(run):
    with pytest.raises(HemapipeError, match=r"calibrate.positive names 'all', but the classes are benign, early, pro"):
        run(positive=["all"])
