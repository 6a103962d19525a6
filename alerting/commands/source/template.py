"""`alerting source template`: a table of the council's own, to be filled in."""

from __future__ import annotations

from pathlib import Path

import click

from alerting import private_files
from alerting.casedata.own_tables import as_csv, as_page, own_tables
from alerting.documents.document import did_you_mean
from alerting.errors import AlertingError
from alerting.terminal import echo


@click.command("template")
@click.argument("table", required=False)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the file, such as ext_plan_action.csv, and not the screen.",
)
@click.option("--markdown", is_flag=True, help="Print every table as a page.")
def command(table: str | None, to: Path | None, *, markdown: bool) -> None:
    """Write a table of the council's own as a CSV file to be filled in, and say what each column means.

    The file has the header and one made-up row, which is to be taken out; the meanings go to the error stream, so that the file can be
    redirected.
    """
    if markdown:
        echo(as_page(), nl=False)
        return
    tables = own_tables()
    name = (table or "").lower().removesuffix(".csv")
    if name not in tables:
        problem = f"there is no table '{table}' of the council's own" if table else "a table must be named"
        raise AlertingError(problem, remedy=(did_you_mean(name, tables) if table else "") or f"There are: {', '.join(tables)}.")
    if to is None:
        echo(as_csv(name), nl=False)
    elif to.exists():
        raise AlertingError(
            f"{to.as_posix()} is there already", remedy="Name another file, or move that one: nothing is overwritten."
        )
    else:
        private_files.write(to, as_csv(name))
    for each in tables[name]:
        echo(f"{each.name}: {each.means}", err=True)
