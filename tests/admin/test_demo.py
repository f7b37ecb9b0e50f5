"""A real `dvc exp run --temp` on a pipeline of shell commands: results arrive, the default run is untouched."""

import hashlib
import json
import re
import zipfile

import pytest
import yaml
from tiny_project import ROOT, succeed

from hemapipe.admin import demo
from hemapipe.admin.demo import demo_real, explain_times, fingerprint, plan
from hemapipe.admin.recognise import recognise
from hemapipe.admin.results import cell, division, leaderboard
from hemapipe.core.errors import HemapipeError
from hemapipe.sources import folder

DVC = """\
stages:
  download:
    cmd: mkdir -p data && cp "${HEMAPIPE_DATA:-.}/${download.folder.archive}" data/raw.zip
    params: [download.source, "download.${download.source}"]
    outs: [data/raw.zip]
  split:
    cmd: >-
      mkdir -p metrics && echo '{"leak_groups":0,"leak_patients":2,"n_folds":3,"n_without_patient":7}'
      > metrics/split.json && echo '{"leak_siblings":0}' > metrics/augment.json
    params: [split.scheme]
    metrics: [metrics/split.json: {cache: false}, metrics/augment.json: {cache: false}]
  evaluate:
    foreach: ${classical}
    do:
      cmd: >-
        mkdir -p metrics/evaluate &&
        echo '{"accuracy":0.9,"accuracy_low":0.8,"accuracy_high":0.95,"n_groups":12,"n_test":40}'
        > metrics/evaluate/${key}.json
      params: ["classical.${key}"]
      deps: [data/raw.zip]
      metrics:
        - metrics/evaluate/${key}.json: {cache: false}
  report:
    cmd: >-
      mkdir -p report plots/compare && ls metrics/evaluate > report/index.html &&
      python -c "import yaml; print('model', *yaml.safe_load(open('params.yaml'))['classical'], sep=chr(10))"
      > plots/compare/leaderboard.csv && echo audited > report/audit.html &&
      echo 'window.measuredHere = [{"seconds":1}];' | tee report/measured_here.js > $HEMAPIPE_TIMINGS/measured_here.js
    deps: [metrics/evaluate]
    params: [classical]
    outs: [report/index.html, report/audit.html, plots/compare/leaderboard.csv: {cache: false}]
"""
PARAMS = {
    "download": {"source": "folder", "folder": {"archive": "default.zip", "sha256": None, "pattern": "{label}/{name}"}},
    "classical": {"knn": {"kind": "knn"}, "rf": {"kind": "random_forest"}},
    "compare": {"rank_by": "accuracy"},
    "group": {"by": ["patient", "near"]},
    "split": {"scheme": "group", "embargo": 0},
}
RECIPES = {"first": {"classical": {"lr": {"kind": "logistic_regression"}}}, "second": {"classical": {"fail": {}}}}


@pytest.fixture
def project(tmp_path):
    """A committed default run of two models."""
    root = tmp_path / "project"
    (root / "presets").mkdir(parents=True)
    (root / "dvc.yaml").write_text(DVC.replace("${HEMAPIPE_DATA:-.}", "$HEMAPIPE_DATA"))
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    (root / "presets/demo-folder.yaml").write_text(yaml.safe_dump(RECIPES))
    (root / ".gitignore").write_text("/data/\n/report/\n")
    make_zip(root / "default.zip", ["a/1.jpg"])
    succeed(
        "git init -q -b main && git config user.name t && git config user.email t@t && dvc init -q && dvc repro -q "
        "&& git add -A && git commit -qm default",
        root,
        HEMAPIPE_DATA=str(root),
        HEMAPIPE_TIMINGS=str(root / "report"),
    )
    return root


def make_zip(path, names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as zipped:
        for name in names:
            zipped.writestr(name, "x")
    return path


@pytest.mark.parametrize(
    ("names", "source"),
    [
        (["Original/Early/WBC-Malignant-Early-001.jpg"], "taleqani"),
        (["leukemia/Original/Benign/WBC-Benign-001.jpg", "leukemia/Segmented/x.jpg"], "taleqani"),
        (["C-NMC_Leukemia/training_data/fold_0/all/UID_11_10_1_all.bmp"], "cnmc"),
        (["fold_1/hem/UID_h3_1_1_HEM.BMP"], "cnmc"),
        (["images/Patient_02/blast/BL_5899573.jpg"], "folder"),
        ([], "folder"),
    ],
)
def test_layouts_are_recognised_in_zips_and_folders(tmp_path, names, source):
    assert recognise(make_zip(tmp_path / "a.zip", names)) == source
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert recognise(folder) == source


def test_the_real_archives_are_recognised(shared_data):
    found = {name: recognise(shared_data / f"{name}.zip") for name in ("taleqani", "cnmc_subset", "deepapl")}
    assert found == {"taleqani": "taleqani", "cnmc_subset": "cnmc", "deepapl": "folder"}


def test_what_is_no_archive_is_an_error(tmp_path):
    (tmp_path / "text.zip").write_text("not a zip")
    with pytest.raises(HemapipeError, match="neither a zip"):
        recognise(tmp_path / "text.zip")
    with pytest.raises(HemapipeError, match="not found"):
        recognise(tmp_path / "absent.zip")


def test_plan_names_archive_hash_and_pattern(project, tmp_path):
    archive = make_zip(tmp_path / "my images.zip", ["x/1.jpg"])
    first, second = plan(project, archive, "folder", pattern="{patient}/{name}")
    assert (first.run, second.run) == ("my-images-first", "my-images-second")
    assert first.overrides == [
        'download.source="folder"',
        'download.folder.archive="my images.zip"',
        f'download.folder.sha256="{hashlib.sha256(archive.read_bytes()).hexdigest()}"',
        'download.folder.pattern="{patient}/{name}"',
        "~classical",
        '+classical={lr: {kind: "logistic_regression"}}',
    ]
    assert plan(project, archive, "folder", name="mine")[0].run == "mine-first"
    with pytest.raises(HemapipeError, match="needs no --pattern"):
        plan(project, archive, "taleqani", pattern="{name}")


def test_a_demo_leaves_only_its_results(project, tmp_path, capfd):
    archive = make_zip(tmp_path / "elsewhere" / "mine.zip", ["x/1.jpg", "y/2.jpg"])
    stale = project / "results/mine-first/metrics/evaluate/old.json"  # of an earlier run with another model
    stale.parent.mkdir(parents=True)
    stale.write_text("{}")
    head = succeed("git rev-parse HEAD", project).strip()
    succeed(f"git update-ref refs/exps/{head[:2]}/{head[2:]}/mine-first HEAD", project)  # of a run that was killed

    (out,) = demo_real(project, archive, only="first")

    assert out == project / "results/mine-first"
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert found == [
        "leaderboard.md", "metrics/augment.json", "metrics/evaluate/lr.json", "metrics/split.json", "params.yaml",
        "plots/compare/leaderboard.csv", "run.json", "timings.json",
    ]  # fmt: skip
    origin = json.loads((out / "run.json").read_text())
    assert origin["commit"] == head
    assert origin["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (origin["source"], origin["archive"], origin["changed_since"]) == ("folder", "mine.zip", False)
    assert yaml.safe_load((out / "params.yaml").read_text())["classical"] == RECIPES["first"]["classical"]
    assert "Split: group (patient, near), 3 folds; 40 test images in 12 groups." in (out / "leaderboard.md").read_text()
    page = project / "report/mine-first"
    assert "lr.json" in (page / "index.html").read_text()
    assert (page / "audit.html").read_text() == "audited\n"  # the page links to it
    assert "seconds" in (page / "measured_here.js").read_text()
    assert json.loads((out / "timings.json").read_text()) == [{"seconds": 1}]
    (line,) = [line for line in capfd.readouterr().out.splitlines() if line.startswith("==")]
    assert len(line) < 100

    assert succeed("git status --porcelain", project) == "?? results/\n"
    assert succeed("dvc status", project, HEMAPIPE_DATA=str(project)).startswith("Data and pipelines are up to date")
    assert "refs/exps" not in succeed("git for-each-ref", project)


def test_a_run_names_the_commit_it_began_with(project, tmp_path, monkeypatch):
    archive = make_zip(tmp_path / "elsewhere" / "mine.zip", ["x/1.jpg", "y/2.jpg"])
    head = succeed("git rev-parse HEAD", project).strip()
    dvc = demo.dvc

    def work_goes_on(root, *words, **environment):
        dvc(root, *words, **environment)
        if words[:2] == ("exp", "run"):
            succeed("git commit --quiet --allow-empty --message later", root)

    monkeypatch.setattr(demo, "dvc", work_goes_on)
    (out,) = demo_real(project, archive, only="first")
    assert succeed("git rev-parse HEAD", project).strip() != head
    assert json.loads((out / "run.json").read_text())["commit"] == head


@pytest.mark.parametrize("text", [None, "window.measuredHere = [];\n"], ids=["no report ran", "nothing else ran"])
def test_a_page_without_times_says_why(tmp_path, text):
    script = tmp_path / "measured_here.js"
    if text:
        script.write_text(text)
    explain_times(script)
    assert "came from DVC's cache" in script.read_text()
    template = (ROOT / "src/hemapipe/report/templates/report.html.j2").read_text()
    template += (ROOT / "src/hemapipe/report/templates/board.html.j2").read_text()
    assert set(re.findall(r"#([a-z-]+)", script.read_text())) == set(re.findall(r'id="(measured-[a-z]+)"', template))


def test_the_report_stage_leaves_its_times_where_the_demo_keeps_the_page(tmp_path, monkeypatch):
    from hemapipe.report.times import write_times

    for name in ("data/timing", "report", "kept"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "data/timing/train_cnn-lenet.json").write_text('{"seconds": 3.1}')
    monkeypatch.chdir(tmp_path)
    write_times(tmp_path / "report")
    assert not list((tmp_path / "kept").iterdir())
    monkeypatch.setenv("HEMAPIPE_TIMINGS", str(tmp_path / "kept"))
    write_times(tmp_path / "report")
    texts = [(tmp_path / name / "measured_here.js").read_text() for name in ("report", "kept")]
    assert texts[0] == texts[1]
    assert '"seconds": 3.1' in texts[0]


def test_times_that_were_measured_stay(tmp_path):
    script = tmp_path / "measured_here.js"
    script.write_text('window.measuredHere = [{"seconds": 3.1}];\n')
    explain_times(script)
    assert "3.1" in script.read_text()


def test_a_list_of_images_is_an_archive(tmp_path):
    listed = tmp_path / "mine" / "list.CSV"
    make_zip(tmp_path / "mine" / "a.jpg", ["x"])
    listed.write_text("path,label,patient\na.jpg,blast,P1\n")
    assert recognise(listed) == "folder"
    first = plan(ROOT, listed, "folder")[0]
    assert first.run == "list-patient"
    assert 'download.folder.archive="list.CSV"' in first.overrides
    before = fingerprint(listed)
    assert any(before in word for word in first.overrides)
    make_zip(tmp_path / "mine" / "a.jpg", ["x", "y"])
    assert fingerprint(listed) != before  # the list is as it was, an image is not
    out = tmp_path / "raw.zip"
    folder.fetch(
        folder.Params(archive="list.CSV", sha256=fingerprint(listed), pattern="{label}"), 0, 1, listed.parent, out
    )
    with pytest.raises(HemapipeError, match="lists labels itself, which needs no --pattern"):
        plan(ROOT, listed, "folder", pattern="{label}/{name}")
    (tmp_path / "mine" / "a.jpg").unlink()
    with pytest.raises(HemapipeError, match="missing or outside its folder"):
        plan(ROOT, listed, "folder")


def test_a_failing_run_is_an_error_and_leaves_nothing(project, tmp_path):
    archive = make_zip(tmp_path / "elsewhere" / "mine.zip", ["x/1.jpg"])
    with pytest.raises(HemapipeError, match="there are first, second"):
        demo_real(project, archive, only="third")
    (project / "dvc.yaml").write_text(
        (project / "dvc.yaml").read_text().replace("echo '{", "test ${key} != fail && echo '{")
    )
    with pytest.raises(HemapipeError, match=r"`dvc exp run` failed; its messages above say why\. Mend that first"):
        demo_real(project, archive, only="second")
    assert not (project / "results").exists()


ORIGIN = {
    "run": "r", "archive": "x.zip", "commit": "abcdef0123", "processor": "p", "cores": 2, "device": "cpu", "seconds": 9
}  # fmt: skip


@pytest.fixture
def scored(tmp_path):
    """Metrics of three models, of which two are ranked."""
    (tmp_path / "metrics/evaluate").mkdir(parents=True)
    (tmp_path / "plots/compare").mkdir(parents=True)
    for name, text in {
        "a": '{"accuracy": 0.8, "ece": 0.1}',
        "b": '{"accuracy": 0.9, "accuracy_low": 0.85, "accuracy_high": 0.94}',
        "stale": "{}",
    }.items():
        (tmp_path / f"metrics/evaluate/{name}.json").write_text(text)
    return tmp_path


def test_leaderboard_keeps_the_order_of_compare_and_shows_intervals(scored):
    ranking = scored / "plots/compare/leaderboard.csv"
    ranking.write_text("model\nb\na\n")
    assert leaderboard(scored, ORIGIN, "").splitlines()[-4:] == [
        "| model | accuracy | ece |",
        "|---|---|---|",
        "| b | 0.900 [0.850, 0.940] | – |",
        "| a | 0.800 | 0.100 |",
    ]
    assert cell({}, "accuracy") == "–"
    ranking.write_text("model,verdict\na,recommended\nb,not distinguishable\n")
    assert leaderboard(scored, ORIGIN, "").splitlines()[-4:] == [
        "| model | accuracy | ece | against the recommended |",
        "|---|---|---|---|",
        "| a | 0.800 | 0.100 | recommended |",
        "| b | 0.900 [0.850, 0.940] | – | not distinguishable |",
    ]


def test_the_division_is_told_with_what_leaks(scored):
    (scored / "metrics/evaluate/b.json").write_text('{"n_groups": 9, "n_test": 40}')
    (scored / "metrics/augment.json").write_text('{"leak_siblings": 0}')
    split = {"leak_groups": 0, "leak_patients": 2, "n_folds": 1, "n_without_patient": 7}
    (scored / "metrics/split.json").write_text(json.dumps(split))
    params = {"group": {"by": ["repeat"]}, "split": {"scheme": "contiguous", "embargo": 37}}
    assert division(scored, params) == (
        "Split: contiguous, one holdout, embargo 37; 40 test images in 9 groups. Test images that share with training "
        "or validation: a group 0, a patient 2, an original image 0; 7 images name no patient, and may share one "
        "unseen."
    )
    (scored / "metrics/split.json").write_text(json.dumps(split | {"n_folds": 5, "n_without_patient": 0}))
    params = {"group": {"by": ["patient", "near"]}, "split": {"scheme": "group", "embargo": 0}}
    text = leaderboard_of(scored, division(scored, params))
    assert text.splitlines()[4] == (
        "Split: group (patient, near), 5 folds; 40 test images in 9 groups. Test images that share with training or "
        "validation: a group 0, a patient 2, an original image 0."
    )


def test_roles_dealt_after_augmentation_are_told(scored):
    """Then test rows are variants too, and metrics/split.json counts others."""
    (scored / "metrics/evaluate/b.json").write_text('{"n_groups": 9, "n_test": 1200}')
    (scored / "metrics/augment.json").write_text('{"leak_siblings": 838}')
    (scored / "metrics/split.json").write_text('{"n_folds": 1, "n_test": 652}')
    params = {"group": {"by": ["repeat"]}, "split": {"scheme": "image"}, "augment": {"before_split": True}}
    assert "one holdout; 1200 test images, dealt after augmentation, in 9 groups." in division(scored, params)


def test_the_recommended_model_is_shown_fold_by_fold(scored):
    (scored / "plots/compare/leaderboard.csv").write_text("model,recommended\nb,0\na,1\n")
    (scored / "plots/compare/confusions.csv").write_text(
        "model,fold,actual,predicted,n\na,0,x,x,3\na,0,x,y,1\na,0,y,y,4\na,1,x,x,2\na,1,y,x,1\na,1,y,y,1\nb,0,x,x,9\n"
    )
    assert leaderboard(scored, ORIGIN, "").splitlines()[-1] == (
        "Balanced accuracy of a fold by fold: 0.875, 0.750; mean 0.812, standard deviation 0.088 (the table pools the "
        "folds). Counts: plots/compare/confusions.csv."
    )
    (scored / "plots/compare/confusions.csv").write_text("model,fold,actual,predicted,n\na,0,x,x,3\na,0,y,x,1\n")
    assert "fold by fold" not in leaderboard(scored, ORIGIN, "")
    (scored / "plots/compare/confusions.csv").unlink()
    with pytest.raises(HemapipeError, match=r"lacks plots/compare/confusions\.csv"):
        leaderboard(scored, ORIGIN, "")


def leaderboard_of(scored, divided: str) -> str:
    (scored / "plots/compare/leaderboard.csv").write_text("model\na\n")
    return leaderboard(scored, ORIGIN, divided)


def test_leaderboard_without_a_ranking_says_so(scored):
    with pytest.raises(HemapipeError, match=r"lacks plots/compare/leaderboard\.csv"):
        leaderboard(scored, ORIGIN, "")
