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
