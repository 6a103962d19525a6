"""`alerting rules new`: a rule of the council's own, copied from one that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alerting.cli import build_app
from alerting.terminal import echo

if TYPE_CHECKING:
    from alerting.authoring.copy_rule import RuleCopy


@click.command()
@click.option("--from", "source", required=True, metavar="RULE", help="The rule to copy, by its code or id.")
@click.option(
    "--id", "id_", metavar="ID", help="Its id, which is its file's name; made of the title, or of the old id, when left out."
)
@click.option("--code", metavar="CODE", help="Its short name; the next free one, such as LOC-01, when left out.")
@click.option("--title", metavar="TEXT", help="What is wrong, in a few words; as in the rule that is copied when left out.")
@click.option("--replaces", is_flag=True, help="Let the copy take over from the next run on; else it is off until you say so.")
@click.pass_context
def command(ctx: click.Context, *, source: str, id_: str | None, code: str | None, title: str | None, replaces: bool) -> None:
    """Copy a rule, comments, examples and all, into the council's own folder, under an id and a code of its own.

    Take the nearest rule there is and change it. The copy is off until the line `enabled: false` is taken out, unless it replaces
    the rule it was copied from. No file is ever overwritten.
    """
    from alerting.authoring.copy_rule import plan_copy, write_copy

    app = build_app(ctx)
    copy = plan_copy(app, source, id_=id_, code=code, title=title, replaces=replaces)
    folder = copy.path.parent.parent
    if not folder.is_dir():
        echo(f"This council uses the rules that come with this version; its own lie over them, in {folder.as_posix()}.", err=True)
    write_copy(app, copy)
    echo(copy.path.as_posix())
    _print(copy)


def _print(copy: RuleCopy) -> None:
    """Print what becomes of the copy and of the rule it was copied from."""
    old, new = copy.source.code, copy.code
    if not copy.replaces:
        echo(f"The copy, {new}, is off: no run asks it until you take `enabled: false` out of it.", err=True)
    elif copy.id == copy.source.id:
        echo(f"The copy stands for {old} from the next run on, and goes on with its open alerts.", err=True)
    else:
        echo(
            f"The copy stands for {old} from the next run on. The alerts that {old} has open end as no longer checked, and what\n"
            f"still holds is told anew; under --id {copy.source.id} the copy would go on with them.",
            err=True,
        )
    echo(f"Change it, then: alerting check; alerting rules test {new}; alerting rules preview {new}.", err=True)
