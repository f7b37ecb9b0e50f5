"""`hemapipe papers`: the claims of the reproduced papers, and what we measured beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hemapipe.papers.presets import Protocol

app = typer.Typer(help="The reproduced papers: claimed, recomputed, ours.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def table(
    file: Annotated[Path | None, typer.Argument(help="Where the text goes; printed unless given.")] = None,
    results: Annotated[Path | None, typer.Option(help="The folder of results, of the checkout unless given.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The rows of all claims as JSON instead.")] = False,
    into: Annotated[Path | None, typer.Option(help="A Markdown file to put it into, between its marks.")] = None,
) -> None:
    """Print every claim beside our figures, as Markdown, and what does not add up in the papers' own numbers."""
    from hemapipe.cli import root
    from hemapipe.core.errors import HemapipeError
    from hemapipe.papers import checks, markdown, table
    from hemapipe.papers.claims import load_claims
    from hemapipe.papers.presets import networks

    if into is not None and (as_json or file):
        raise HemapipeError("--into puts the Markdown into a file that has its marks: it goes alone")
    folder = _results(results)
    papers = load_claims()
    rows = table.rows(papers, folder, networks(root()))
    text = table.to_json(rows) if as_json else markdown.render(papers, rows, checks.find(papers), folder)
    if into is not None:
        markdown.put_into(into, text)
    elif file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    else:
        typer.echo(text, nl=False)


@app.command("list")
def list_presets() -> None:
    """Name the papers that can be run: data set, networks, variants, and what is in results/."""
    from hemapipe.cli import root
    from hemapipe.papers.presets import load_preset, names

    for name in names(root()):
        preset = load_preset(root(), name)
        made = sorted(path.parent.name for path in (root() / "results").glob(f"{name}-*/run.json"))
        typer.echo(f"{name}: {preset.source}; {', '.join(preset.both['cnn'])}")
        for title, found in (("variants", list(preset.variants)), ("results", made)):
            if found:
                typer.echo(f"  {title}: {', '.join(found)}")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="One of `hemapipe papers list`.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Every paper instead of one.")] = False,
    published: Annotated[bool, typer.Option("--published", help="By the paper's own protocol alone.")] = False,
    honest: Annotated[bool, typer.Option("--honest", help="Split so that nothing leaks, alone.")] = False,
    reduced: Annotated[bool, typer.Option("--reduced", help="What two cores can do: smaller, shorter.")] = False,
    archive: Annotated[Path | None, typer.Option(help="The data; generated images unless given.")] = None,
    pattern: Annotated[str, typer.Option(help="Of a zip or folder of your own, e.g. '{patient}/{label}/{name}'.")] = "",
    variant: Annotated[str, typer.Option(help="A further run of the paper, see its preset.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="A network of the preset; all of them unless given.")] = None,
    toy: Annotated[bool, typer.Option("--toy", help="Does it run? One epoch of a hundred images.")] = False,
) -> None:
    """Run a paper's preset, published and honest, beside the default run; see results/<paper>-<protocol>…/."""
    from hemapipe.cli import root
    from hemapipe.core.errors import HemapipeError
    from hemapipe.papers import presets, reproduce

    if bool(name) == everything:
        raise HemapipeError("name one paper, or say --all; `hemapipe papers list` names them")
    papers = presets.names(root()) if everything else [name]
    asked: dict[Protocol, bool] = {"published": published, "honest": honest}
    protocols = [protocol for protocol, wanted in asked.items() if wanted] or list(asked)
    if toy:
        if archive or pattern or variant or reduced or only:
            raise HemapipeError("--toy runs on generated images and has its own sizes: drop the other options")
        _try_out(root(), papers, protocols)
        return
    requests = [
        reproduce.Request(paper, protocol, reduced, archive, pattern, variant, tuple(only or ()))
        for paper in papers
        for protocol in protocols
    ]
    # All before the first: what is wrong with one shows before another has run for hours.
    for planned in [reproduce.plan(root(), request) for request in requests]:
        out = reproduce.reproduce(root(), planned)
        typer.echo((out / "leaderboard.md").read_text(encoding="utf-8"))
        typer.echo(f"In {out.relative_to(root())}/; `hemapipe papers table` sets it beside the claims.")


def _try_out(root: Path, papers: list[str], protocols: list[Protocol]) -> None:
    """Try presets as toys, one on each core, and say how each went."""
    import joblib

    from hemapipe.core.errors import HemapipeError
    from hemapipe.papers.reproduce import try_out

    failed = []
    for tried in try_out(root, papers, protocols, joblib.cpu_count()):
        outcome = f"failed: {tried.problem}" if tried.problem else f"ok, {len(tried.models)} models"
        typer.echo(f"{tried.run}: {outcome} ({tried.seconds:.0f} s)")
        failed += [tried.run] if tried.problem else []
    if failed:
        raise HemapipeError(f"{', '.join(failed)} did not run through")


def _results(folder: Path | None) -> Path:
    """Return the folder of results, which must be there: a slip would show as a table without results."""
    from hemapipe.cli import root
    from hemapipe.core.errors import HemapipeError

    found = folder or root() / "results"
    if not found.is_dir():
        raise HemapipeError(f"there is no folder {found}: name the one with the results of runs")
    return found


@app.command()
def plots(
    results: Annotated[Path | None, typer.Option(help="The folder of results, of the checkout unless given.")] = None,
    out: Annotated[Path, typer.Option(help="Where the pictures go.")] = Path("report/papers"),
) -> None:
    """Draw the runs: training by epoch as a paper prints it, and accuracy against time and size."""
    from hemapipe.papers.claims import load_claims
    from hemapipe.papers.figures import draw_all

    drawn = draw_all(load_claims(), _results(results), out)
    for path in drawn.pictures:
        typer.echo(f"{path}: {path.stat().st_size / 1000:.0f} KB")
    if drawn.untimed:
        typer.echo(f"No timings.json, so no picture of what accuracy costs: {', '.join(drawn.untimed)}")
