"""Which outputs a run up to some stage has made."""

from tiny_project import ROOT

from hemapipe.admin.pipeline import outputs_until, within


def test_a_run_up_to_compare_has_neither_audit_nor_report():
    made = outputs_until("compare", (ROOT / "dvc.lock").read_text())
    assert {"data/raw.zip", "metrics/evaluate/lr.json", "metrics/choice.json", "plots/compare/leaderboard.csv"} <= made
    assert not made & {"metrics/audit.json", "metrics/leakage.json", "report/index.html"}


def test_the_first_stage_needs_no_other():
    assert outputs_until("download", (ROOT / "dvc.lock").read_text()) == {"data/raw.zip"}


def test_a_file_is_within_its_folder_and_not_within_one_of_a_longer_name():
    assert within("plots/audit/sheet.png", "plots/audit") and within("plots/audit", "plots/audit")
    assert not within("plots/audit2/sheet.png", "plots/audit") and not within("plots", "plots/audit")
