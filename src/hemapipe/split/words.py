"""The report on a split file as text for a terminal."""

from __future__ import annotations

from hemapipe.split.check import Report

_SHOWN = 5


def render(report: Report, name: str) -> str:
    """Return the report on the split file `name` as lines of text, the verdict last."""
    lines = [f"{name}: {report.n_rows} rows, {report.n_images} images, {report.n_folds} fold(s)", ""]
    lines += _names("names that are not in the manifest", report.unknown)
    lines += _names("images that no decoder opens", report.unreadable)
    lines += _names("readable images that the file does not list", report.missing)
    lines += _names("images twice in one role of a fold", report.listed_twice)
    lines += _names("IMAGES IN TWO ROLES OF A FOLD", report.in_two_roles)
    lines += [_counted(kind, leak.n_test, leak.n_val) for kind, leak in report.leaks.items()]
    for kind, leak in report.leaks.items():
        for path, role, other, other_role, fold in leak.examples:
            lines.append(f"  {kind}, fold {fold}: {role} {path}  -  {other_role} {other}")
    times = ", ".join(f"{count} images {times} x" for times, count in report.times_tested.items())
    lines += ["", f"tested: {times}", "", "images by fold, role and class:", *_table(report), "", _verdict(report)]
    return "\n".join(lines)


def _counted(kind: str, n_test: int, n_val: int) -> str:
    return f"{kind}: {n_test} test rows have a sibling in train or val; {n_val} val rows have one in train"


def _names(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return [f"{what}: {len(names)} ({', '.join(names[:_SHOWN])}{more})"]


def _table(report: Report) -> list[str]:
    """Return counts and, per row, the share of each class."""
    lines = []
    for place, row in report.counts.iterrows():
        fold, role = place if isinstance(place, tuple) else (place, "")
        total = int(row.sum())
        shares = "  ".join(f"{label} {count} ({count / total:.0%})" for label, count in row.items())
        lines.append(f"  fold {fold} {role:<5} {total:>6}: {shares}")
    return lines


def _verdict(report: Report) -> str:
    if report.leaky:
        return "IT LEAKS: scores on these test rows are too good. Move what is tied into one role, or leave it out."
    if any(leak.n_val for leak in report.leaks.values()):
        return "No test row leaks; validation shares with training, so what is chosen by it is chosen too kindly."
    if report.unknown:
        return f"NOT ALL IS CHECKED: {len(report.unknown)} names are not in the manifest. The others do not leak."
    if report.leaks["the same session"].n_test:
        return "No patient, picture or field leaks, but test rows share sessions with training: mind the slide's light."
    return "It does not leak, by all that is known of these images."
