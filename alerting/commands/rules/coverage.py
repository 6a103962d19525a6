"""`alerting rules coverage`: which rules look at each team's work, and whom none asks about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from alerting.cli import DAY, build_app, today
from alerting.terminal import echo, echo_json, echo_table

if TYPE_CHECKING:
    from alerting.authoring.watched import Watched, WatchedTeam


@click.command()
@click.argument("team", required=False)
@click.option("--as-of", type=DAY, help="The business date; today when left out.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def command(ctx: click.Context, team: str | None, as_of: datetime | None, *, as_json: bool) -> None:
    """Show which rules look at each team's work, over how many people, and how many with an open case no rule asks about.

    TEAM is a team's id, for the rules that look at it, each with how many it asks about there. Every rule is asked, whatever its job.
    Restricted records are in no count of people. Reads the case data; nothing is stored or sent.
    """
    from alerting.authoring.watched import watched_today

    app = build_app(ctx)
    found = watched_today(app, as_of.date() if as_of else today(app), team)
    if as_json:
        echo_json({"teams": list(map(_as_json, found.teams)), "not_asked": dict(found.not_asked)})
    elif team is None:
        _print_teams(found)
    else:
        codes = {rule.id: (rule.code, rule.title) for rule in app.book.rules}
        _print_rules(found.teams[0], codes)


def _as_json(one: WatchedTeam) -> dict[str, object]:
    watch = one.watch
    return {
        "team": one.team.id,
        "name": one.team.name,
        "rules": watch.rules,
        "people": watch.people,
        "unwatched": watch.unwatched,
    }


def _print_teams(found: Watched) -> None:
    rows = [
        [one.team.id, one.team.name, len(one.watch.rules) or "none", one.watch.people, one.watch.unwatched or ""]
        for one in found.teams
    ]
    echo_table(["Team", "Name", "Rules", "People", "No rule asks about"], rows)
    for code, why in found.not_asked:
        echo(f"{code} is asked of nobody: {why}.", err=True)


def _print_rules(one: WatchedTeam, codes: dict[str, tuple[str, str]]) -> None:
    rows = [[*codes.get(id_, (id_, "")), count or "its service"] for id_, count in sorted(one.watch.rules.items())]
    if not rows:
        echo(f"No rule looks at the work of {one.team.name}.")
        return
    echo_table(["Rule", "Title", "Asks about"], rows)
    if one.watch.unwatched:
        echo(f"About {one.watch.unwatched} more with an open case no rule asks.")
