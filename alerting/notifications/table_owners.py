"""Tables that are kept by hand and stand still, told to those who keep them: the shared setting `table_owners` says who. Pure.

Who looks after the service reads of them in any case; where nobody is known as a table's owner, they alone do, and that too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from alerting.formatting import listed
from alerting.mailboxes import is_address
from alerting.model import Level, Problem
from alerting.notifications.administrators import to_administrators
from alerting.notifications.content import Addressee, Notice, NoticeContent, Notification
from alerting.notifications.roles import SERVICES
from alerting.notifications.routing import Receiver, Router


def owners_of(params: Mapping[str, Any]) -> Mapping[str, str]:
    """Return who keeps each table, as the shared settings say it."""
    given = params.get("table_owners")
    return (
        {str(table).casefold(): str(owner).strip() for table, owner in given.items() if owner}
        if isinstance(given, Mapping)
        else {}
    )


def tell_owners(
    router: Router,
    receivers: Collection[Receiver],
    problems: Iterable[Problem],
    owners: Mapping[str, str],
    looking_after: Iterable[Addressee],
) -> list[Notification]:
    """Return the notifications to the owners of tables that stand still, once until something newer stood in them."""
    known = {one.id for one in looking_after} | {(one.address or "").casefold() for one in looking_after}
    planned: list[Notification] = []
    for table, problem in _standing_still(problems):
        owner = _find(router, owners.get(table, ""))
        if problem.still_since is None or owner is None or {owner.id, (owner.address or "").casefold()} & known:
            continue
        content = NoticeContent(notices=(_notice(table, problem),))
        # Dated by its newest day, so that it is told once.
        key = f"{problem.about} to its owner"
        planned += to_administrators([owner], receivers, "admin", problem.still_since, content, [key], urgency=int(Level.amber))
    return planned


def of_unknown_owners(router: Router, problems: Iterable[Problem], owners: Mapping[str, str]) -> Iterator[Notice]:
    """Return the tables that stand still and whose owner is nobody who can be told."""
    for table in dict.fromkeys(table for table, _ in _standing_still(problems)):
        if table in owners and _find(router, owners[table]) is None:
            yield Notice(
                title=f"Whoever keeps {table} is not known",
                detail=f"`table_owners` in the shared settings says {owners[table]}: that is nobody of the directory with an address, no "
                f"address, and none of {listed(sorted(SERVICES))}. Nobody but those who look after the service is told that it stands still.",
                do=f"Name somebody of the directory for {table} in `table_owners`.",
            )


def _standing_still(problems: Iterable[Problem]) -> Iterator[tuple[str, Problem]]:
    yield from ((problem.about.partition(".")[0], problem) for problem in problems if problem.still_since is not None)


def _find(router: Router, owner: str) -> Addressee | None:
    """Return whom the settings name: a worker by id, address or name, the manager of a service such as quality, or any address."""
    team = router.directory.team_for(SERVICES[owner]) if owner in SERVICES else None
    person = router.manager_of(team) if team else router.directory.staff.get(router.worker_named(owner)) if owner else None
    if person is not None and person.email:
        return Addressee(id=person.id, name=person.name, address=person.email)
    return Addressee(id=owner, name="whoever keeps the table", address=owner) if is_address(owner) else None


def _notice(table: str, problem: Problem) -> Notice:
    read_by = f", and {listed(problem.rules)} read it" if problem.rules else ""
    return Notice(
        title=f"{table} has nothing new",
        detail=f"{problem.text}. You are named as the one who keeps it{read_by}.",
        do="Enter what is missing, or say to those who look after the service that nothing is.",
    )
