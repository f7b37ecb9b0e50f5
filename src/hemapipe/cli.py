"""The `hemapipe` command: what there is to do around the pipeline. `dvc repro` runs the pipeline itself.

Imports of weight wait inside the commands, so that `hemapipe --help` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hemapipe.core.errors import HemapipeError
from hemapipe.papers.cli import app as papers

app = typer.Typer(
    help="Look after a hemapipe checkout, compare its runs, try it on real archives. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(papers, name="papers")


def main() -> None:
    """Run the command line; a HemapipeError ends it with its message and status 1."""
    try:
        app()
    except HemapipeError as error:
        sys.exit(f"hemapipe: {error}")


def root() -> Path:
    """Return the root of the checkout, from anywhere inside it.

    Raises:
        HemapipeError: the working directory is in no checkout.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").exists():
            return folder
    raise HemapipeError("no dvc.yaml here or above: run from inside the repository")


@app.command()
def doctor() -> None:
    """Check this machine: each line is ok or says how to mend it.

    Versions, device, threads, disk, memory, data, weights, git and DVC.
    """
    from hemapipe.admin import doctor as module

    findings = list(module.examine(root()))
    typer.echo(module.render(findings))
    raise typer.Exit(any(finding.fails for finding in findings))


@app.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Check params.yaml and remove the outputs of what it no longer lists.

    Models, feature sets and sizes; `make repro` does it before every run. An unknown key is an error.
    """
    from hemapipe.admin import prune as module
    from hemapipe.admin.checked import check_once

    checkout = root()
    check_once(checkout)
    for removed in module.prune(checkout, dry_run):
        typer.echo(f"{'would remove' if dry_run else 'removed'} {removed}")


@app.command()
def verify(
    revision: Annotated[str, typer.Argument(help="The commit whose metrics are the reference.")] = "HEAD",
) -> None:
    """Compare this run's metrics with the committed ones.

    Prints each difference beside its tolerance, half the metric's interval, and fails beyond it.
    """
    from hemapipe.admin import verify as module

    found = module.verify(root(), revision)
    typer.echo(module.render(found))
    raise typer.Exit(any(not difference.accepted for difference in found))


@app.command()
def demo_real(
    archive: Annotated[Path, typer.Argument(help="A zip, a folder or a CSV `path,label,patient` of real images.")],
    name: Annotated[str, typer.Option(help="Name of the results; else the source's or the archive's.")] = "",
    pattern: Annotated[
        str, typer.Option(help="Path pattern of your own images: images/{patient}/{label}/{name}.")
    ] = "",
    only: Annotated[str, typer.Option(help="One recipe of the preset instead of all.")] = "",
) -> None:
    """Run the pipeline on real images, beside the default run.

    The results go to results/<run>/, the page to report/<run>/; params.yaml, metrics and data stay as they are.
    """
    from hemapipe.admin import demo as module

    checkout = root()
    for folder in module.demo_real(checkout, archive, name, pattern, only):
        typer.echo((folder / "leaderboard.md").read_text(encoding="utf-8"))
        typer.echo(f"In {folder.relative_to(checkout)}/; its page is report/{folder.name}/index.html")


@app.command()
def audit(
    path: Annotated[str | None, typer.Argument(help="A folder, zip or CSV of images.")] = None,
    pattern: Annotated[
        str, typer.Option(help="Where a path holds label and patient: images/{patient}/{label}/{name}.")
    ] = "",
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write findings and paths as one JSON object (docs/audit.md).")
    ] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write the page with the images.")] = None,
    hashes: Annotated[
        Path | None, typer.Option(help="Instead of images, a CSV `sha256,path`: who shares files?")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Say what could be cheating in a collection of images.

    Repeats, contradictory labels, give-away backgrounds, doubtful labels, odd images; no training needed.
    """
    if (path is None) == (hashes is None) or path == "":  # "" would be the working directory
        raise HemapipeError("give a folder or archive of images, or --hashes FILE")
    if hashes is not None and (pattern or html_file):
        raise HemapipeError("--hashes reads no image: --pattern and --html have no meaning with it, leave them out")
    from hemapipe.audit import command

    if hashes is not None:
        typer.echo(command.audit_hash_list(hashes, json_file))
    elif path is not None:
        typer.echo(command.audit_path(Path(path), pattern, json_file, html_file, jobs))


@app.command()
def lr_find(name: Annotated[str, typer.Argument(help="A row of `cnn` in params.yaml.")]) -> None:
    """Suggest a learning rate for a network, on the first fold of the run in data/.

    The picture is report/lr/<name>.png. Rows listed under `find_lr` in params.yaml are a stage of `dvc repro`.
    """
    from hemapipe.evaluation import plots
    from hemapipe.training.lr_find import from_params, paint

    curve = from_params(name, root())
    picture = root() / "report" / "lr" / f"{name}.png"
    plots.draw(paint, curve, path=picture, size=(5, 2.8))
    typer.echo(f"{name}: suggested learning rate {curve.suggestion:.1e}; see {picture.relative_to(root())}")


@app.command()
def predict(
    paths: Annotated[list[Path], typer.Argument(help="Images, folders, zips, or a CSV with `path` and `patient`.")],
    model: Annotated[str, typer.Option(help="An exported model; else the recommended one.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write there; .csv and .jsonl name the format.")] = None,
    form: Annotated[str, typer.Option("--format", help="table, csv or jsonl.")] = "",
    pattern: Annotated[str, typer.Option(help="Where a path holds the patient: {patient}/{name}.")] = "",
    patients: Annotated[Path | None, typer.Option(help="Write a verdict per patient to this CSV.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the rows that --out has.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Take networks' 8-bit versions.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Of the models and the cells.")] = 2,
) -> None:
    """Say what a model of the last run sees in images. Research use only.

    Per image: class, calibrated probabilities, screening decision, attributes of the cells, warnings. A file that
    cannot be read is a row with its error; the status is 1 if none could.
    """
    from hemapipe.predict import command
    from hemapipe.predict.inputs import Inputs
    from hemapipe.predict.patients import render_verdicts, write_verdicts
    from hemapipe.predict.rows import format_of
    from hemapipe.predict.run import load_run

    command.check_new(patients, out, resume)
    inputs = Inputs(paths, pattern)
    chosen = format_of(form, out)
    run = load_run(root(), [model] if model else None, threads, int8)
    name = model or run.recommended
    done = command.predict(run.only(name), inputs, name, chosen, out, resume)
    if patients is not None:
        write_verdicts(done.verdicts, run.classes, patients)
        if not done.verdicts:
            told = "no image has a patient: give --pattern, or a CSV with a column `patient`"
            typer.echo(f"{patients} holds no verdict, as {told}", err=True)
    if done.verdicts and chosen == "table":
        typer.echo("\n" + render_verdicts(done.verdicts, run.classes))
    typer.echo(command.render_summary(done, run, name), err=True)
    raise typer.Exit(int(done.n_read == 0))


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen at; 0.0.0.0 is every one of this machine.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="0: any free one.")] = 8000,
    token: Annotated[
        str, typer.Option(envvar="HEMAPIPE_TOKEN", help="Ask for this token, of 16 characters or more.")
    ] = "",
    allowed_host: Annotated[
        list[str] | None, typer.Option(help="A name this server goes by; repeat for more. Else any, where not local.")
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep every upload in this folder, on purpose.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of the models.")] = 1,
    limit: Annotated[
        list[str] | None, typer.Option(help="Any other setting: max_files=100; docs/serve.md lists them.")
    ] = None,
) -> None:
    """Serve the web page and the API over the exported models.

    Only this machine is answered unless --host says otherwise; nothing of an upload is kept.
    """
    from hemapipe.serve.params import from_options
    from hemapipe.serve.server import serve as run_server

    given = {"host": host, "port": port, "token": token or None, "keep": keep, "threads": threads}
    run_server(root(), from_options(limit or [], allowed_hosts=allowed_host or [], **given))


@app.command()
def split(
    check: Annotated[Path, typer.Option("--check", help="A CSV with image_id or path, role, and fold.")],
    data: Annotated[Path, typer.Option("--data", help="The data folder of the run that knows the images.")] = Path(
        "data"
    ),
) -> None:
    """Verify a split file, ours or anybody's.

    What leaks, what is missing, how often each image is tested; exit status 1 if it leaks.
    """
    from hemapipe.split import check as module
    from hemapipe.split.words import render

    report = module.check_file(check, data if data.is_absolute() else root() / data)
    typer.echo(render(report, check.name))
    raise typer.Exit(int(report.leaky or bool(report.unknown)))


@app.command()
def pr_comment(
    base: Annotated[str, typer.Argument(help="The commit to compare with.")] = "main",
    full: Annotated[bool, typer.Option("--full", help="Do not cut at the length GitHub takes.")] = False,
) -> None:
    """Print what CI posts on a pull request, as Markdown.

    Metrics, parameters and plots of the workspace against another commit.
    """
    from hemapipe.admin import comment as module

    text = module.comment(root(), base)
    typer.echo(text if full else module.shorten(text))


if __name__ == "__main__":
    main()
