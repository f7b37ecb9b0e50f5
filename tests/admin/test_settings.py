"""What is misspelt or points nowhere in params.yaml is an error before anything runs; the shipped files are clean."""

import copy

import pytest
import yaml
from tiny_project import ROOT, TINY, set_params

from hemapipe.admin import checked
from hemapipe.admin.settings import check_params
from hemapipe.core.errors import HemapipeError

DEFAULT = yaml.safe_load((ROOT / "params.yaml").read_text())


@pytest.fixture
def project(tmp_path):
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(DEFAULT))
    return tmp_path


def problems(project) -> str:
    with pytest.raises(HemapipeError) as caught:
        check_params(project / "params.yaml")
    return str(caught.value)


def test_the_shipped_params_are_clean():
    check_params(ROOT / "params.yaml")


def test_the_tiny_project_is_clean(project):
    set_params(project, TINY)
    check_params(project / "params.yaml")


@pytest.mark.parametrize("preset", sorted((ROOT / "presets").glob("demo-*.yaml")), ids=lambda path: path.stem)
def test_the_recipes_are_clean(preset, project):
    for overlay in yaml.safe_load(preset.read_text()).values():
        params = copy.deepcopy(DEFAULT)
        for name, values in overlay.items():
            table = name in {"extract_features", "cnn", "classical", "ensemble"}
            params[name] = values if table else params[name] | values
        (project / "params.yaml").write_text(yaml.safe_dump(params))
        check_params(project / "params.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split.val_frac": 0}, "ensemble.stack is a stack, which is fitted on validation images"),
        ({"split.val_frac": 0, "train_cnn.early_stopping": 2}, "cnn.lenet stops early by its validation loss"),
        ({"classical.lr.grid": {"C": [1, 2]}}, "classical.lr.grid is chosen from on inner folds"),
        (
            {
                "ensemble": {
                    "x": {"kind": "vote", "of": ["y", "rf", "svm"]},
                    "y": {"kind": "vote", "of": ["x", "rf", "lr"]},
                }
            },
            "ensembles name each other",
        ),
        ({"split.n_fold": 5}, "section 'split':\n  unknown key 'n_fold'; did you mean 'n_folds'?"),
        ({"train_classical.whitenn": True}, "section 'train_classical':\n  unknown key 'whitenn'"),
        ({"calibrate.cost": {"miss": 1, "falsealarm": 1}}, "section 'calibrate':\n  cost.false_alarm: Field required"),
        ({"cnn.lenet.epoch": 3}, "section 'cnn.lenet':\n  unknown key 'epoch'; did you mean 'epochs'?"),
        ({"classical.rf.features": ["lite0"]}, "section 'classical.rf':\n  features: List should have at least 2"),
        ({"price_leakage.cnn.epoch": 3}, "section 'price_leakage':\n  unknown key 'cnn.epoch'"),
        (
            {"download.folder.patern": "x"},
            "section 'download.folder':\n  unknown key 'patern'; did you mean 'pattern'?",
        ),
        ({"download.taleqan": {}}, "section 'download':\n  unknown key 'taleqan'; did you mean 'taleqani'?"),
        ({"download.source": "cmnc"}, "download.source: no source 'cmnc'; did you mean 'cnmc'?"),
        ({"download": "folder"}, "download must be a table"),
        (
            {"download": {"source": "cnmc", "folder": {}}},
            "download.source is cnmc, but there is no section download.cnmc",
        ),
        ({"group": None}, "section 'group':\n  group: Input should be a valid dictionary"),
        ({"cnn": ["lenet"]}, "cnn must be a table (got ['lenet'])"),
        ({"splitt": {}}, "unknown section 'splitt'; did you mean 'split'?"),
        ({"evaluation": {}}, "unknown section 'evaluation'; did you mean 'evaluate'?"),
        ({"thread": 2}, "unknown section 'thread'; did you mean 'threads'?"),
        ({"threads": 0}, "threads must be a whole number of at least 1"),
    ],
)
def test_a_slip_is_named_with_the_nearest_known(project, change, message):
    set_params(project, change)
    assert message in problems(project)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"cnn.lenet.px": 96},
            "cnn.lenet.px is 96, but preprocess.px is [64, 128]: add it there, or take one of these",
        ),
        ({"extract_features.lite0.px": 224}, "extract_features.lite0.px is 224"),
        ({"find_ties.px": 96}, "find_ties.px is 96"),
        ({"audit.px": 96}, "audit.px is 96"),
        ({"preprocess.neutral": [128]}, "audit.px is 128, which preprocess.neutral names"),
        ({"preprocess.neutral": [64], "preprocess.stain": "reinhard"}, "not with `neutral`"),
        ({"preprocess.neutral": [64, 96]}, "preprocess.neutral names 96, which is not among"),
        ({"price_leakage.cnn.px": 96}, "price_leakage.cnn.px is 96"),
        ({"cnn.lenet.builder": "lenett"}, "cnn.lenet.builder: no network builder 'lenett'; did you mean 'lenet'?"),
        ({"price_leakage.cnn.builder": "tim"}, "price_leakage.cnn.builder: no network builder 'tim'"),
        ({"extract_features.lite0.builder": "tim"}, "did you mean 'timm'?"),
        (
            {"classical.rf.features": ["lite", "lite"]},
            "classical.rf.features names 'lite', which is no row; did you mean",
        ),
        ({"find_ties.features": "lite1"}, "find_ties.features names 'lite1', which is no row; did you mean 'lite0'?"),
        ({"audit.features": "x"}, "audit.features names 'x', which is no row; known are handcrafted, lite0"),
        ({"price_leakage.features": ["lite0", "x"]}, "price_leakage.features names 'x'"),
        (
            {"ensemble.vote.of": ["rf", "svm", "xgbost"]},
            "ensemble.vote.of names 'xgbost', which is no row; did you mean 'x",
        ),
        ({"ensemble.vote.of": ["rf", "svm", "vote"]}, "ensemble.vote.of names 'vote', which is no row"),
        ({"cnn.rf": DEFAULT["cnn"]["lenet"]}, "rf is a row of cnn and classical, whose files would be the same"),
    ],
)
def test_a_name_that_points_nowhere_is_an_error(project, change, message):
    set_params(project, change)
    assert message in problems(project)


def test_everything_wrong_is_said_at_once(project):
    set_params(project, {"split.n_fold": 5, "audit.n_fold": 5, "classical.rf.featurs": 3})
    assert problems(project).count("unknown") == 3


def test_a_lost_section_is_named(project):
    (project / "params.yaml").write_text(
        yaml.safe_dump({k: v for k, v in DEFAULT.items() if k not in ("group", "seed")})
    )
    assert problems(project) == "params.yaml has no section 'group'\nparams.yaml has no section 'seed'"


@pytest.mark.parametrize("name", ["paper", "my_notes", "plots", "export", "train"])
def test_a_section_of_ones_own_passes(project, name):
    set_params(project, {name: {"anything": [1, 2]}})
    check_params(project / "params.yaml")


def test_an_ensemble_may_have_an_ensemble_as_member(project):
    set_params(project, {"ensemble.vote.of": ["rf", "svm", "stack"]})
    check_params(project / "params.yaml")


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("- a", "not list"), ("a: [", "is not valid YAML")])
def test_a_file_that_is_no_table(project, text, message):
    (project / "params.yaml").write_text(text)
    assert message in problems(project)


def test_equal_params_are_checked_once(project, monkeypatch):
    (project / ".dvc/tmp").mkdir(parents=True)
    set_params(project, {"paper": {}})
    checked.check_once(project)
    calls = []
    monkeypatch.setattr("hemapipe.admin.settings.check_params", calls.append)
    checked.check_once(project)
    assert calls == []
    set_params(project, {"split.n_fold": 5})
    checked.check_once(project)
    assert calls == [project / "params.yaml"]


def test_what_did_not_pass_is_checked_again(project):
    (project / ".dvc/tmp").mkdir(parents=True)
    set_params(project, {"split.n_fold": 5})
    for _ in range(2):
        with pytest.raises(HemapipeError, match="n_fold"):
            checked.check_once(project)


def test_changed_code_is_checked_again(project, monkeypatch, tmp_path_factory):
    code = tmp_path_factory.mktemp("code")
    (code / "params.py").write_text("a = 1\n")
    monkeypatch.setattr(checked, "CODE", code)
    before = checked.fingerprint(project / "params.yaml")
    assert checked.fingerprint(project / "params.yaml") == before
    (code / "params.py").write_text("a = 1\nb = 2\n")
    assert checked.fingerprint(project / "params.yaml") != before
