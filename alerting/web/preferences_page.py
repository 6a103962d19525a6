"""What a reader would rather have, where messages reach them, and what the directory says of them."""

from __future__ import annotations

from starlette.responses import Response

from alerting.formatting import plain
from alerting.notifications.preferences import Preferences
from alerting.store import preferences
from alerting.web.my_list import ORDERS
from alerting.web.visits import Visit


def show_preferences(visit: Visit) -> Response:
    """Show what the reader chose, with a form to choose otherwise."""
    reader, directory = visit.reader, visit.scope.directory
    if not reader.ids:
        return visit.nothing_there()
    quiet = visit.app.policy().quiet("daily", {})
    teams = [team for team in directory.teams.values() if reader.ids & {team.manager, team.service_manager, team.head_of_service}]
    return visit.show(
        "preferences.html",
        here="preferences",
        wanted=preferences.read_of(visit.connection, reader.ids),
        orders=ORDERS,
        tells_all_clear=quiet.all_clear_days > 0,
        tells_done=quiet.done_days > 0,
        teams=sorted(plain(team.name) for team in teams),
        done="It is kept. Messages go by it from the next run on." if visit.query.get("done") == "kept" else "",
    )


def keep_preferences(visit: Visit) -> Response:
    """Keep what a form says: a box that is not ticked is not sent."""
    if not visit.reader.ids:
        return visit.nothing_there()
    order = visit.text("order")
    wanted = Preferences(all_clear="all_clear" in visit.form, done="done" in visit.form, order=order if order in ORDERS else "")
    preferences.keep(visit.connection, visit.reader.ids, wanted, visit.reader.actor, visit.now)
    return visit.go_to("/preferences?done=kept")
