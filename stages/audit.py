"""Look for what would make results better than they are: repeats, shortcuts, doubtful labels, odd images."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from hemapipe.audit import figures, page, summary
from hemapipe.audit.core import audit
from hemapipe.audit.findings import WORDS, worst
from hemapipe.audit.inputs import Inputs
from hemapipe.audit.params import AuditParams
from hemapipe.core.errors import HemapipeError
from hemapipe.core.params import load, lookup, read_params
from hemapipe.core.tables import GROUPS, MANIFEST, NEAR_REPEATS, SPLITS, TIES, read_table, write_json
from hemapipe.features.params import FeatureRow
from stages.run import run


def main() -> None:
    """Write metrics/audit.json, plots/audit/ and report/audit.html."""
    values = read_params()
    params = load(AuditParams, "audit")
    row = load(FeatureRow, f"extract_features.{params.features}")
    if row.kind != "backbone" or row.px != params.px:
        found = f"{params.features} is {row.kind} at {row.px} px"
        raise HemapipeError(f"audit.features must name a backbone at audit.px, {params.px} px; {found}")
    seed, threads, source = lookup(values, "seed"), lookup(values, "threads"), lookup(values, "download.source")
    with TemporaryDirectory(prefix="hemapipe-audit-") as work:
        inputs = Inputs(
            raw=Path("data/raw.zip"),
            manifest=read_table("data/manifest.csv", MANIFEST),
            packed=np.load(f"data/packed/{params.px}.npy", mmap_mode="r"),
            embedding=np.load(f"data/features/{params.features}.npy"),
            work=Path(work),
            groups=read_table("data/groups.csv", GROUPS),
            ties=read_table("data/ties.csv", TIES),
            near_repeats=read_table("data/near_repeats.csv", NEAR_REPEATS),
            splits=read_table("data/splits.csv", SPLITS),
        )
        outcome = audit(inputs, params, row, seed, threads)
        write_json(summary.metrics(outcome), "metrics/audit.json")
        figures.write(outcome, Path("plots/audit"))
        Path("report").mkdir(exist_ok=True)
        Path("report/audit.html").write_text(page.render(outcome, source), "utf-8")
    verdicts = ", ".join(finding.check for finding in outcome.findings if finding.verdict == "inflates")
    print(f"audit: {WORDS[worst(outcome.findings)]}{': ' + verdicts if verdicts else ''}; see report/audit.html")


if __name__ == "__main__":
    run(main)
