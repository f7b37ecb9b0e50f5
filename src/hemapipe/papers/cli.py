"""`hemapipe papers`: the claims of the reproduced papers, and what we measured beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The reproduced papers: claimed, recomputed, ours.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def table(
    results: Annotated[Path, typer.Option(help="The folder of results, of the checkout unless given.")] = Path(
        "results"
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the rows as JSON too.")] = None,
) -> None:
    """Print every claim beside our figures, as Markdown, and what does not add up in the papers' own numbers."""
    from hemapipe.papers import checks, markdown, table
    from hemapipe.papers.claims import load_claims

    papers = load_claims()
    rows = table.rows(papers, results)
    if json_file is not None:
        json_file.write_text(table.to_json(rows), encoding="utf-8")
    typer.echo(markdown.render(papers, rows, checks.find(papers)), nl=False)


@app.command("list")
def list_presets() -> None:
    """Name the papers that can be run, and the data set each used."""
    from hemapipe.cli import root
    from hemapipe.papers.presets import load_preset, names

    for name in names(root()):
        typer.echo(f"{name}: {load_preset(root(), name).source}")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="One of `hemapipe papers list`.")],
    published: Annotated[bool, typer.Option("--published", help="By the paper's own protocol.")] = False,
    honest: Annotated[bool, typer.Option("--honest", help="The same recipe, split so that nothing leaks.")] = False,
    reduced: Annotated[bool, typer.Option("--reduced", help="What two cores can do: smaller, shorter.")] = False,
    archive: Annotated[Path | None, typer.Option(help="The data; generated images unless given.")] = None,
    pattern: Annotated[str, typer.Option(help="Of a zip or folder of your own, e.g. '{patient}/{label}/{name}'.")] = "",
) -> None:
    """Run a paper's preset beside the default run; results go to results/<paper>-<protocol>…/."""
    from hemapipe.cli import root
    from hemapipe.core.errors import HemapipeError
    from hemapipe.papers.reproduce import reproduce

    if published == honest:
        raise HemapipeError("say either --published or --honest")
    out = reproduce(root(), name, "published" if published else "honest", reduced, archive, pattern)
    typer.echo((out / "leaderboard.md").read_text(encoding="utf-8"))
    typer.echo(f"In {out.relative_to(root())}/; `hemapipe papers table` sets it beside the claims.")
