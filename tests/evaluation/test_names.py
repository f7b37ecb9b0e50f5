"""Class names that would share the name of a metric are refused, at the first stages that score."""

import pytest
from evaluation_examples import calibration, manifest_and_groups, predictions

from hemapipe.core.errors import HemapipeError
from hemapipe.evaluation.choose import choose
from hemapipe.evaluation.names import require_distinct
from hemapipe.evaluation.predictions import scored_rows


@pytest.mark.parametrize("end", ["_low", "_high", "_sd"])
def test_a_class_called_like_a_limit_of_another(end):
    with pytest.raises(HemapipeError, match=f"'risk' and 'risk{end}'.*rename one"):
        require_distinct(["other", "risk", f"risk{end}"])


def test_an_end_alone_is_no_clash():
    require_distinct(["risk_high", "risk_low", "sd"])


def test_choosing_and_scoring_refuse_them():
    manifest, groups = manifest_and_groups()
    table = predictions(manifest, groups).rename(columns={"p_early": "p_pro_low"})
    manifest["label"] = manifest["label"].replace("early", "pro_low")
    with pytest.raises(HemapipeError, match="'pro' and 'pro_low'"):
        choose({"a": table}, manifest)
    with pytest.raises(HemapipeError, match="'pro' and 'pro_low'"):
        scored_rows(table, calibration(), manifest, groups)
