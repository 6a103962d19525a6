"""What those who look after the service must know of a day, each under a key that stays the same while it lasts."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date
from itertools import groupby

from alerting.alerts.handling import DataError
from alerting.casedata.directory import Directory
from alerting.casedata.gaps import column_of
from alerting.casedata.kept_directory import PEOPLE, had_left
from alerting.casedata.restricted_list import RESTRICTED
from alerting.casedata.trust import Trust
from alerting.evaluation.evaluation import Asked, Off, Status
from alerting.formatting import capital, day, listed, plural
from alerting.model import Alert, Condition, Problem, Reach, Reason
from alerting.notifications.content import DigestContent, Notice, Notification
from alerting.notifications.nobody_there import NobodyThere
from alerting.notifications.policy import Policy
from alerting.notifications.report import SAMPLE, BrakeRow, RuleRow, placed
from alerting.notifications.routing import Gap, Receiver, Router, RuleRoute
from alerting.notifications.triage import beyond_budget
from alerting.rulebook.book import FallbackVersion, Rulebook
from alerting.rulebook.departures import find_departures

_LOOK = "Put right what it says; `alerting rules list` shows each rule that does not run."
_RELEASE_LIST = f"alerting source release {RESTRICTED} --by NAME --note WHY"
_CRITICAL = 100
"""How many critical alerts that a brake keeps back a notice names; the others are counted."""
_GAPS = 10
"""How many posts that lead to nobody a notice names; the others are counted."""
_LEFT = 3
"""How many who had left and are there again a notice names; the others are counted."""
_MISSED = 12
"""How many runs that did not take place a notice names; the others are counted."""


NOBODY_TOLD = 1_000
"""What it costs where nobody is told of anything, or of any child."""

Notices = Mapping[str, Notice]
"""By key."""


def key_of(*parts: str) -> str:
    """Return a key that is the same for the same parts."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def keyed(notices: Iterable[Notice]) -> dict[str, Notice]:
    """Return notices by their title and items: told once while they last, although their details change from day to day."""
    return {key_of(notice.title, *notice.items): notice for notice in notices}


def of_rules(rows: Iterable[RuleRow], problems: Iterable[Problem]) -> Iterator[Notice]:
    """Return these rules as some that could not run, those of one cause together; not those that a problem with the data says of itself."""
    told = {code for problem in problems if problem.stops and _but_the_list(problem) for code in problem.rules}
    by_cause: defaultdict[str | None, list[str]] = defaultdict(list)
    for row in rows:
        if not (row.status == Status.withheld and row.code in told):
            by_cause[row.problem].append(row.code)
    for why, codes in by_cause.items():
        if len(codes) == 1:
            yield Notice(
                title=f"{codes[0]} could not run", detail=f"{why}. Its alerts are on hold until it can.", do=_LOOK, cost=1
            )
        else:
            title = f"{len(codes)} rules could not run"
            detail = f"{why}. Their alerts are on hold until they can."
            yield Notice(title=title, detail=detail, do=_LOOK, items=tuple(codes), cost=len(codes))


def of_not_supplied(asked: Iterable[Asked], not_supplied: Collection[str]) -> Iterator[Notice]:
    """Return the rules that are off as the council says that what they need is not supplied, once for all."""
    codes = sorted(one.code for one in asked if one.off is Off.column_not_supplied)
    if codes:
        detail = (
            f"What they need is named in `not_supplied_columns`: {listed(sorted(map(column_of, not_supplied)))}. Nobody is told of anything by such a rule, and no "
            "manager hears of it. Take a name out once the extract has the column."
        )
        title = f"{plural(len(codes), 'rule')} off, by what is not supplied here"
        yield Notice(title=title, detail=detail, items=tuple(codes), asks=False)


def of_nothing_asked(rows: Sequence[RuleRow]) -> Iterator[Notice]:
    """Return that nothing is known of the day, where no rule was asked of anybody and none says of itself why."""
    if any(row.is_stopped or row.has_answered for row in rows):
        return
    if any(row.status == Status.ok for row in rows):
        detail = "No record in the data is of those that a rule is about, so nobody was looked at."
        do = "Run `alerting source check`, which shows each table's rows."
        yield Notice(title="The rules were asked of nobody", detail=detail, do=do, cost=NOBODY_TOLD)
    else:
        detail = (
            "No pack is chosen, or every rule of this job is switched off or lacks its table: nobody is told of anything by it."
        )
        do = "Choose rules under `rules:` in config.yaml."
        yield Notice(title="No rule was asked", detail=detail, do=do, cost=NOBODY_TOLD)


def of_silence(alerts: Iterable[Alert], silenced: Collection[str], put_off: Collection[str]) -> Iterator[Notice]:
    """Return that every alert that fires is silenced, or put off one by one, where it is so."""
    firing = [alert.ref for alert in alerts if alert.condition == Condition.firing]
    if not firing or any(ref not in silenced and ref not in put_off for ref in firing):
        return
    is_silenced = all(ref in silenced for ref in firing)
    detail = f"{plural(len(firing), 'alert')}: nobody is told of any."
    do = (
        "End the silence with `alerting silences end`; `alerting silences list` shows by whom and until when."
        if is_silenced
        else "Ask who did it: `alerting alerts show REF` and `alerting silences list` say by whom and until when."
    )
    title = f"Everything that is open is silenced{'' if is_silenced else ' or put off'}"
    yield Notice(title=title, detail=detail, do=do, cost=NOBODY_TOLD)


def of_kept_directory(doubted: Set[str], today: Directory, kept: Directory | None) -> Iterator[Notice]:
    """Return that who is who is not today's, where it is so, or else who has left though today's says nothing of it."""
    if kept is None:
        return
    if PEOPLE & doubted:
        detail = "The staff or the teams cannot be believed today, so everybody is told by the last that could be; of whoever is new, nobody knows yet."
        do = "Put ext_staff and ext_team right where they come from."
        yield Notice(title="Who is who is taken from an earlier day", detail=detail, do=do)
    elif workers := sorted(had_left(today, kept)):
        more = f" and {len(workers) - _LEFT} more" if len(workers) > _LEFT else ""
        yield Notice(
            title="People who had left are on the staff list again",
            detail=f"ext_staff.ends_on: {plural(len(workers), 'member')} of staff had left by the last load, and today their last day is gone, "
            f"or has day and month exchanged: worker {', '.join(workers[:_LEFT])}{more}. They count as having left, and are told nothing.",
            do="Write the last days again. Of whoever is back write the first day of their new post in starts_on, or the last day that it will have.",
        )


def of_receivers(receivers: Iterable[Receiver]) -> Iterator[Notice]:
    """Return that this installation reaches nobody, where it is so."""
    if any(receiver.reach == Reach.one_address for receiver in receivers):
        detail = "The environment is not production, so no manager is told of anything."
        do = "Take `environment` and `redirect_to` out of config.yaml to go live."
        yield Notice(title="Every message goes to one address", detail=detail, do=do, cost=NOBODY_TOLD)


def of_missed(missed: Sequence[str]) -> Iterator[Notice]:
    """Return the runs that did not take place."""
    if missed:
        more = [f"and {len(missed) - _MISSED} more"] if len(missed) > _MISSED else []
        yield Notice(
            title="Runs that did not take place",
            detail="Nobody was told of anything by them. Reminders and escalations do not count those days, so nobody is said to have "
            "waited on them.",
            do="Find out what kept them: the machine, the service, or what it says here.",
            items=(*missed[:_MISSED], *more),
        )


def of_older_files(older: Iterable[FallbackVersion]) -> Iterator[Notice]:
    """Return the files of rules that are used in an earlier version."""
    for item in older:
        detail = f"{placed(item.fault)}. {item.fault.remedy}".rstrip(". ")
        yield Notice(
            title=f"{item.file} is used in its version of {day(item.seen_on)}",
            detail=f"It has a fault today: {detail}. Its last good version is used until it is put right.",
            do="Run `alerting check`, which shows every fault, and mend the file.",
        )


def of_departures(book: Rulebook) -> Iterator[Notice]:
    """Return the rules that the council has switched off or set otherwise than anybody would expect."""
    for code, found in groupby(find_departures(book), key=lambda departure: departure.rule.code):
        departures = list(found)
        items = tuple(f"{code} {one.says}" for one in departures)
        do = f"Tell its owner, the {departures[0].rule.file.owner}; `alerting check` shows where it is set."
        yield Notice(title=f"{code} is not as it is shipped", do=do, items=items)


def of_data(problems: Iterable[Problem], releasable: Iterable[str]) -> Iterator[Notice]:
    """Return what is wrong with the data, but for the list of restricted records.

    releasable: the tables and columns of which a real change may be released.
    """
    may_be_real, told = frozenset(releasable), [problem for problem in problems if _but_the_list(problem)]
    for problem in told:
        abouts, cost = _but_the_list(problem), len(problem.rules) if problem.stops else 0
        detail = " ".join(filter(None, (f"{_under_its_name(problem)}.", _readers(problem))))
        do = problem.remedy or "Have it put right where the data comes from."
        if problem.about in may_be_real:
            table = problem.about.partition(".")[0]
            do += f" If it is a real change, look at it and run `alerting source release {table} --by NAME --note WHY`."
        if problem is told[-1]:
            detail += f" Nothing was guessed{' in any of these' if len(told) > 1 else ''}. The command `alerting source check` lists every place."
        title, items = f"Data: {abouts[0]}", tuple[str, ...]()
        if len(abouts) > 1:
            what = "columns" if all("." in about for about in abouts) else "tables"
            title, items = f"Data: {len(abouts)} {what}", abouts
        yield Notice(title=title, detail=detail, do=do, items=items, paste=problem.paste, cost=cost)


def _under_its_name(problem: Problem) -> str:
    """Return what a problem says, as it stands under the name of what it is about: that is not said again."""
    rest = problem.text.removeprefix(problem.about).lstrip(": ")
    return problem.text if problem.also or rest == problem.text else capital(rest)


def _but_the_list(problem: Problem) -> tuple[str, ...]:
    """Return what a problem is about, but for the list of restricted records, which has a notice of its own."""
    return tuple(about for about in (problem.about, *problem.also) if about != RESTRICTED)


def _readers(problem: Problem) -> str:
    """Return which rules read what a problem is about, and whether they wait."""
    if not problem.rules:
        return ""
    if problem.stops:
        wait = "waits: its alerts are" if len(problem.rules) == 1 else "wait: their alerts are"
        return f"{listed(problem.rules)} {wait} on hold until it is put right."
    return f"It is read by {listed(problem.rules)}."


def of_changes_by_hand(judged: Trust) -> Iterator[Notice]:
    """Return what the service remembers that somebody has changed in the store by hand since the last run."""
    if judged.changed_by_hand:
        yield Notice(
            title="The store was changed by hand",
            detail=f"Since the last run, nobody's act has changed {listed(judged.changed_by_hand)}, and it is not as that run left it.",
            do="Find out who can write to the store, and what may have been told to whom since: `alerting audit verify` shows all that "
            "was changed.",
        )


def of_unreadable(rows: Sequence[str]) -> Iterator[Notice]:
    """Return the rows of the store that cannot be read, which count for nothing."""
    if rows:
        yield Notice(
            title="Rows of the store cannot be read",
            detail=f"What stands in {listed(rows)} is nothing that the service writes: it was likely changed by hand. It counts for "
            "nothing: what cannot be read silences nobody, puts nothing off and releases nothing, and nobody counts as told by it. As it "
            "stood it is kept for 30 days in the table `set_aside`.",
            do="Take what is wanted of it from a backup, or do it again; `alerting audit verify` shows what was changed.",
        )


def of_unkept(unkept: Iterable[str]) -> Iterator[Notice]:
    """Return why the day's data could not be kept."""
    for why in unkept:
        do = "See that the folder of `keep:` can be written to and has room."
        yield Notice(title="A day could not be kept", detail=f"{why}. Alerts and messages are not touched by it.", do=do)


def of_alerts(alerts: Collection[Alert], unrouted: Sequence[Alert], for_somebody: Collection[str]) -> Iterator[Notice]:
    """Return the alerts whose subject is not in the data, and those that nobody could be told of, with the rules of which nobody could be told any.

    for_somebody: the references of the alerts that are for somebody.
    """
    missing = [alert for alert in alerts if alert.condition == Condition.held and alert.held_reason == Reason.not_in_data]
    if missing:
        title = "Alerts on hold because their subject is not in the data"
        yield Notice(title=title, do="Find out where the record went.", items=_refs(missing))
    lost = _refs(unrouted)
    if lost:
        told = {alert.rule for alert in alerts if alert.condition != Condition.resolved and alert.ref in for_somebody}
        codes = sorted({alert.code for alert in unrouted if alert.rule not in told})
        wait = (
            f" {listed(codes)} {'wait: their' if codes[1:] else 'waits: its'} alerts are told once somebody is." if codes else ""
        )
        detail, do = f"No current member of staff was found for them.{wait}", "Put ext_staff and ext_team right."
        yield Notice(title="Alerts that nobody could be told of", detail=detail, do=do, items=lost, cost=len(lost))


def of_restrictions(judged: Trust) -> dict[str, Notice]:
    """Return what is wrong with the list of restricted records, by keys that change with what it is; never whose they are."""
    restricted, problem = judged.restricted, judged.problems.get(RESTRICTED)
    if RESTRICTED in judged.releasable:
        detail = (
            f"{RESTRICTED} {problem}; the likely cause is {restricted.likely}. Until that is settled nothing about a child is sent, and "
            "whoever was restricted is so still."
        )
        do = f"Put the list right; or, if it is right as it is, run `{_RELEASE_LIST}` and have a second person approve that."
        return _under("doubted", restricted.doubts, "The list of restricted records is in doubt", detail, do)
    if problem:
        detail, do = f"{RESTRICTED} {problem}. Nothing about a child is sent.", "Put it right where the list comes from."
        return _under("unusable", (), "The list of restricted records cannot be used", detail, do)
    if not restricted.stands:
        detail, do = "Nothing about a child is sent until there is one.", f"Supply {RESTRICTED}, if need be with no rows."
        return _under("none", (), "No list of restricted records was supplied", detail, do)
    if restricted.rows is None:
        detail = f"{RESTRICTED} is not supplied. As two people have found, it is still as it was when last trusted."
        return _under("last", (), "The last trusted list of restricted records is used", detail, "Supply it again.")
    if restricted.removed:
        detail = (
            f"{plural(restricted.taken_off, 'person', 'people')} on {RESTRICTED} when it was last trusted, and not on it now, stay "
            "restricted as before; the likely cause is that a restriction was ended, or that rows were lost."
        )
        do = f"Put them back; or, if they were taken off on purpose, run `{_RELEASE_LIST}`."
        ids = sorted({id_ for person in restricted.removed for id_ in person.ids})
        return _under("taken off", ids, "People were taken off the list of restricted records", detail, do)
    return {}


def _under(kind: str, what: Iterable[str], title: str, detail: str, do: str) -> dict[str, Notice]:
    cost = 0 if kind in ("last", "taken off") else NOBODY_TOLD
    return {f"restricted {key_of(kind, *what)}": Notice(title=title, detail=detail, do=do, cost=cost)}


_WHY_BRAKED = {
    "storm": "more than its brake allows",
    "first_run": "and it was never asked before",
    "source": "and the data comes from somewhere else than the last time",
}


def of_brakes(brakes: Sequence[BrakeRow]) -> Iterator[Notice]:
    """Return what each brake keeps back, and what to do; of a job's first day at once."""
    for brake in brakes:
        if brake.is_implausible:
            yield _implausible(brake)
        if brake.kind == "baseline" or brake.is_implausible:
            continue
        levels = ", ".join(f"{count} {level}" for level, count in brake.levels.items())
        sample = f" ({levels}), such as {', '.join(brake.sample)}" if brake.sample else ""
        detail = (
            f"It had {plural(brake.new, 'new alert')} in the run of {day(brake.since)}, {_WHY_BRAKED.get(brake.kind, 'and why it was braked cannot be read')}. "
            f"{plural(brake.kept_back, 'alert')}{sample} told to nobody until somebody has looked."
        )
        if brake.critical:
            detail += " Those that are critical stand here; they are told to their readers with the next working day's run, marked as not checked."
        do = f"Look at them with `alerting alerts list`, then run `alerting rules release {brake.code} --by NAME`."
        yield Notice(title=f"{brake.code} is held by its brake", detail=detail, do=do, items=_critical(brake.critical))
    begun = [brake for brake in brakes if brake.kind == "baseline"]
    if begun:
        most = sorted(begun, key=lambda brake: -brake.kept_back)[:SAMPLE]
        counts = ", ".join(f"{brake.code} {brake.kept_back}" for brake in most)
        detail = (
            f"{plural(sum(brake.kept_back for brake in begun), 'alert')} of {plural(len(begun), 'rule')}, most of them {counts}. "
            "Nobody is told of anything yet. After the release each manager gets one summary of what was open, and from then on what is new."
        )
        do = "Look at them with `alerting alerts list`, then run `alerting rules release --all --by NAME`."
        critical = sorted(ref for brake in begun for ref in brake.critical)
        detail += (
            " The critical ones stand here: look at these first. After a working day they are told to their readers, marked as not checked."
            if critical
            else ""
        )
        yield Notice(
            title="The service begins: what is open already waits to be released",
            detail=detail,
            do=do,
            items=_critical(critical),
        )


def of_budget(notifications: Iterable[Notification], rules: Mapping[str, RuleRoute]) -> Iterator[Notice]:
    """Return that more new amber and info alerts came to somebody than a day may bring, and of which rules."""
    caused: Counter[str] = Counter()
    people = 0
    for notification in notifications:
        if isinstance(notification.content, DigestContent):
            beyond = beyond_budget(notification.content.items, notification.content.budget)
            caused.update(item.rule for item in beyond)
            people += bool(beyond)
    if caused:
        most = ", ".join(f"{rules[rule].code} {count}" for rule, count in caused.most_common(SAMPLE))
        yield Notice(
            title="More new alerts than a day may bring",
            detail=f"{plural(people, 'person was', 'people were')} told of some as a count alone, most of them of these rules: {most}. Red "
            "and critical alerts are always named.",
            do="Raise a rule's threshold, or `alert_budget` in the settings.",
        )


def _implausible(brake: BrakeRow) -> Notice:
    """Return that more match a rule than can be right, with what the columns that it reads are like."""
    levels = ", ".join(f"{count} {level}" for level, count in brake.levels.items())
    odd = [column for column in brake.columns if not column.is_whole]
    whole = [column.name for column in brake.columns if column.is_whole]
    said = [*map(str, odd), *([f"filled, readable and known in every row: {', '.join(whole)}"] if whole else [])]
    detail = (
        f"It matched {brake.new} of the {brake.population} it asks about on {day(brake.since)}, at amber or above. It is more likely that the data "
        "changed (a word for a role, a flag, a format, an id) than the practice. Nobody is told of any of its alerts, old or new: "
        f"{plural(brake.kept_back, 'alert')}{f' ({levels})' if levels else ''}. What it reads: {'; '.join(said) or 'no column of its own'}."
    )
    if brake.critical:
        detail += (
            " Those that are critical stand here: look at them first. Heads of service are told how many there are, not which."
        )
    do = f"Look at these with `alerting source check`; if it is so, run `alerting rules release {brake.code} --by NAME --note WHY`."
    return Notice(title=f"{brake.code} found more than can be right", detail=detail, do=do, items=_critical(brake.critical))


def _critical(refs: Sequence[str]) -> tuple[str, ...]:
    """Return the references of critical alerts, the last few of very many counted."""
    more = [f"and {len(refs) - _CRITICAL} more: `alerting alerts list`"] if len(refs) > _CRITICAL else []
    return (*refs[:_CRITICAL], *more)


def of_long_held(alerts: Iterable[Alert], policy: Policy, as_of: date) -> dict[str, Notice]:
    """Return the alerts that have waited too long for their data: one notice a rule and reason, while that lasts."""
    most = int(policy.number("held_too_long_wd", 5))
    found: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.held_since is not None and policy.working_days(alert.held_since, as_of) > most:
            found[alert.code, alert.why_held or ""].append(alert)
    return {
        f"held {key_of(f'{code} {why}')}": Notice(
            title=f"{code}: alerts on hold for more than {plural(most, 'working day')}",
            detail=f"{why}. Nobody is reminded of them, and nothing of them goes up, until the data says how they stand.",
            do="Have what they wait for put right, or close by hand what is over.",
            items=_refs(held),
        )
        for (code, why), held in found.items()
    }


def of_data_errors(wrong: Sequence[DataError]) -> dict[str, Notice]:
    """Return the records that somebody says are wrong, the oldest first, by a key that changes with which they are."""
    if not wrong:
        return {}
    refs = _refs({error.alert.ref: error.alert for error in wrong}.values())
    detail = f"The oldest was said {plural(wrong[0].age, 'working day')} ago."
    do = "Have the records put right; `alerting alerts data-errors` lists them, with what was said."
    title = "Records that somebody says are wrong"
    return {f"data errors {key_of(' '.join(refs))}": Notice(title=title, detail=detail, do=do, items=refs)}


def of_managers(
    router: Router, alerts: Iterable[Alert], asked_about: Set[str], receivers: Iterable[Receiver], refused: Set[tuple[str, str]]
) -> dict[str, Notice]:
    """Return the teams whose manager is nobody, by cause, where there is anything of theirs to tell, or they have cases, or staff.

    asked_about: the teams of whoever rules were asked about. That a manager is away and nobody covers is the weekly summary's. refused:
    receivers and addresses, in small letters.
    """
    live = {alert.team for alert in alerts if alert.condition not in (Condition.pending, Condition.resolved)}
    teams = {team for team in (*live, *asked_about, *(person.team for person in router.directory.staff.values())) if team}
    gaps = [gap for gap in router.gaps(teams, ["team_manager"]) if gap.problem is not NobodyThere.not_covered]
    mail = [receiver.name for receiver in receivers if receiver.reach in (Reach.persons, Reach.one_address)]
    for team in (router.directory.teams[id_] for id_ in sorted(teams) if id_ in router.directory.teams):
        person = router.manager_of(team)
        if person and mail and all((name, (person.email or "").strip().casefold()) in refused for name in mail):
            gaps.append(Gap(team=team, role="team_manager", worker=person.id, problem=NobodyThere.refused))
    if not gaps:
        return {}
    said = [f"{gap.team.name}: {gap.why}" for gap in gaps]
    shown = "; ".join(said[:_GAPS]) + (f"; and {len(said) - _GAPS} more" if len(said) > _GAPS else "")
    detail, do = f"{shown}. What is theirs goes to the next up.", "Put it right in ext_team or ext_staff."
    return {f"managers {key_of(*said)}": Notice(title="Teams whose manager is nobody who can be told", detail=detail, do=do)}


def of_services(router: Router, alerts: Iterable[Alert]) -> Iterator[Notice]:
    """Return the services of open alerts that no team has: what is theirs goes to the performance team."""
    rules: defaultdict[str, set[str]] = defaultdict(set)
    for alert in alerts:
        is_open = alert.condition not in (Condition.pending, Condition.resolved)
        if is_open and alert.team is None and alert.service and not router.directory.teams_of(alert.service):
            rules[alert.service].add(alert.code)
    for service, codes in sorted(rules.items()):
        detail = f"Nobody answers for {listed(sorted(codes))} there, so the performance team is told."
        yield Notice(title=f"No team has the service {service}", detail=detail, do="Put it right in ext_team.")


def of_gaps(router: Router, alerts: Iterable[Alert]) -> dict[str, Notice]:
    """Return the posts that nobody fills, in teams with open alerts: the next up is told instead."""
    opened = {alert.team for alert in alerts if alert.team and alert.condition not in (Condition.pending, Condition.resolved)}
    gaps = list(map(str, router.gaps(opened)))
    if not gaps:
        return {}
    shown = "; ".join(gaps[:_GAPS]) + (f"; and {len(gaps) - _GAPS} more" if len(gaps) > _GAPS else "")
    detail, do = f"{shown}. The next up is told in their place.", "Put it right in ext_staff, ext_team or ext_cover."
    title = "Posts that lead to nobody, in teams with open alerts"
    return {f"gaps {key_of(' '.join(gaps))}": Notice(title=title, detail=detail, do=do)}


def _refs(alerts: Iterable[Alert]) -> tuple[str, ...]:
    return tuple(sorted(alert.ref for alert in alerts))
