"""Everything that can be told of a configured service without sending or changing anything: `alerting check`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from alerting.alerts.people import People
from alerting.app import App, rules_folders, words_of
from alerting.authoring.calendars import find_calendar_faults
from alerting.database_address import sqlite_file
from alerting.delivery.notifier import Notifier
from alerting.documents.document import KeyPath, did_you_mean
from alerting.errors import AlertingError, EmptyStoreError, Fault, Place, docs_page
from alerting.evaluation.dry_run import check_book, check_rule
from alerting.model import Reach, Tier
from alerting.notifications.messages.rendering import Words
from alerting.notifications.messages.sentences import WordsFault, WordsFaultKind
from alerting.private_files import is_open_to_others
from alerting.rulebook.book import Rulebook
from alerting.rulebook.departures import find_departures
from alerting.rulebook.lint import lint_rule
from alerting.rulebook.loader import compile_rule
from alerting.rulebook.rule import Rule
from alerting.rulebook.sql_tree import names_in
from alerting.rulebook.subject_sql import character_offset

_AN_ADMINISTRATOR = '{name: "Priya Shah", address: priya.shah@example.gov.uk}'
_DAYS_AT_ONCE = 7
"""Of the days kept a run deletes one, or those of a week in which none ran; more than that is a setting that was changed."""

_BRACES = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)


def check(app: App, today: date, *, reach: bool = True) -> list[Fault]:
    """Find every fault of rules, words and receivers. reach: also connect to each receiver, which sends nothing."""
    older = {app.book.file(name) for name in app.book.older}
    rules = [rule for rule in app.book.every if Path(rule.place) not in older]
    faults = [*app.faults, *_shared_param_faults(app.book), *check_book(app.book)]
    faults += [fault for rule in rules for fault in _rule_faults(app, rule, today)]
    untold = [*_address_faults(app), *_administrator_faults(app), *_asking_faults(app), *_reach_faults(app)]
    untold += [*find_calendar_faults(app, today), *_departure_faults(app), *_own_words_faults(app, today)]
    return list(dict.fromkeys([*faults, *_receiver_faults(app, reach=reach), *untold]))


def _own_words_faults(app: App, today: date) -> Iterator[Fault]:
    """Find what is wrong in the council's own words: as they stand, and with the values that they would print."""
    yield from app.own_words().faults
    folder = app.loaded.folder / (app.loaded.config.messages.templates or "")
    for part, why in app.words().try_own_words(today).items():
        yield Fault(
            problem=f"these words could not be said: {why}",
            where=Place(file=(folder / f"{part}.txt").as_posix()),
            remedy="Ask first whether there is a value, such as {% if page %}.",
        )


def check_draft(app: App, path: Path, today: date) -> list[Fault]:
    """Find every fault of a rule file that is not in use."""
    rule = compile_rule(app.book, path, {})
    return rule if isinstance(rule, list) else check_rule_of(app, rule, today)


def check_rule_of(app: App, rule: Rule, today: date) -> list[Fault]:
    """Find every fault of a rule that can be used: in its SQL, in its words, and what is doubtful in it."""
    return [*check_rule(app.book, rule), *_rule_faults(app, rule, today)]


def is_in_use(app: App, path: Path) -> bool:
    """Return whether a file is one of those that the service reads its rules from."""
    place, packs = path.resolve(), app.loaded.config.rules.packs
    folder = next((each.resolve() for each in rules_folders(app.loaded) if place.is_relative_to(each.resolve())), None)
    if folder is None:
        return False
    within = place.relative_to(folder).parts
    return len(within) < 2 or packs is None or within[0] in (*packs, "subjects")


def check_store(app: App) -> list[Fault]:
    """Return what is wrong with the store, without changing it."""
    where = app.loaded.document.place(("store",))
    path = sqlite_file(app.store_url)
    if path is not None and not path.parent.is_dir():
        return [Fault(problem=f"there is no folder {path.parent.as_posix()} for the store", where=where)]
    from alerting.config import Retention
    from alerting.store import retention
    from alerting.store.store import Store

    try:
        Store.connect(app.store_url).close()
        if path is not None and not path.exists():
            return []
        store = Store.open(app.store_url, create=False)
    except EmptyStoreError:
        return []
    except AlertingError as error:
        return [Fault(problem=error.problem, where=where, remedy=error.remedy)]
    try:
        with store.transaction() as connection:
            wanted = app.loaded.config.retention
            waits = wanted != Retention() and not retention.has_begun(connection, wanted)
    finally:
        store.close()
    faults = []
    if waits:
        remedy = "`alerting store retention` shows what it would touch, and lets it begin."
        at = app.loaded.document.place(("retention",))
        faults.append(Fault(problem="nothing of `retention:` is done yet", where=at, remedy=remedy, severity="warning"))
    if path is not None and is_open_to_others(path):
        remedy = "Let its owner close it, and what lies beside it: chmod 600."
        faults.append(Fault(problem="others may read the store, and it is another account's", where=where, remedy=remedy))
    return faults


def check_kept_days(app: App, today: date) -> list[Fault]:
    """Return that the next run deletes many of the days kept, before it does, or that nobody can look at them."""
    try:
        too_old = app.archive().too_old(today)
    except OSError as error:
        where = app.loaded.document.place(("keep", "path"))
        return [Fault(problem=f"the days kept cannot be looked at ({error.strerror})", where=where, severity="warning")]
    if len(too_old) <= _DAYS_AT_ONCE:
        return []
    problem = f"the next run deletes {len(too_old)} of the days kept, as `keep: days:` is {app.loaded.config.keep.days}"
    remedy = "Where they are still wanted, write a greater number before it runs: what is deleted cannot be brought back."
    return [Fault(problem=problem, where=app.loaded.document.place(("keep", "days")), remedy=remedy, severity="warning")]


def _shared_param_faults(book: Rulebook) -> Iterator[Fault]:
    """Find the shared parameters that the SQL of subjects and views asks for and that are not there: they would be missing."""
    for name, source in sorted(book.sources.items()):
        if name in book.older or not name.startswith("subjects/"):
            continue
        is_view = name.endswith(".sql")
        texts = {"": source.text} if is_view else {part: source.value.get(part) or "" for part in ("sql", "left_when")}
        for part, sql in texts.items():
            for param, place in names_in(sql).params.items():
                if param in book.settings.params:
                    continue
                offset = character_offset(sql, place)
                where = source.offset_place(offset, len(param)) if is_view else source.value_place((part,), offset, len(param))
                remedy = did_you_mean(param, book.settings.params)
                remedy = remedy or "Shared parameters stand under `params:` in settings.yaml."
                yield Fault(problem=f"there is no shared parameter '{param}'", where=where, remedy=remedy)


def _rule_faults(app: App, rule: Rule, today: date) -> Iterator[Fault]:
    """Find what is wrong with the words of a rule and what is doubtful in it."""
    lint = list(lint_rule(rule, app.book, today))
    words = _words_faults(app, rule)
    if not lint and not words and rule.file.examples:
        return
    document = rule.source
    for found in words:
        yield _placed_words_fault(rule, found)
    for one in lint:
        where = document.place(one.path, key=one.key)
        if one.offset is not None:
            where = document.value_place(one.path, one.offset)
        if one.unless_quoted and document.is_quoted(one.path):
            continue
        yield Fault(problem=one.problem, where=where, remedy=one.remedy, severity=one.severity)
    if not rule.file.examples:
        remedy = "Add `examples:`, rows and what the rule says of them; `alerting rules test` tries them."
        yield Fault(
            problem="the rule has no examples", where=document.place(("id",), key=True), remedy=remedy, severity="warning"
        )


def _words_faults(app: App, rule: Rule) -> list[WordsFault]:
    """Return what is wrong with a rule's words for any receiver."""
    said = words_of(rule)
    words = Words({rule.id: said}, council=app.loaded.config.council.name)
    ceilings = {notifier.ceiling for notifier in app.notifiers.values()} - {Tier.counts} or {Tier.detail}
    return list(dict.fromkeys(fault for ceiling in sorted(ceilings) for fault in words.problems(said, ceiling)))


def _placed_words_fault(rule: Rule, found: WordsFault) -> Fault:
    """Return a fault of a rule's words at its place, in the words of whoever wrote them."""
    text = rule.says if found.part == "says" else rule.clears
    said, offset = found.problem, _offset_in_words(text, found.name, found.line or 1)
    match found.kind:
        case WordsFaultKind.if_not_closed:
            said, offset = "an {% if %} is opened and not closed", _open_if(text)
        case WordsFaultKind.braces_not_closed:
            said, offset = "a {{ or {% is opened and not closed", max(text.rfind("{{"), text.rfind("{%"))
        case WordsFaultKind.stray_brace:
            said = "this `}` closes nothing"
    where = rule.source.value_place((found.part,), offset)
    return Fault(problem=f"`{found.part}`: {said}", where=where, remedy=_words_remedy(found))


def _words_remedy(found: WordsFault) -> str:
    if found.near:
        return f"Did you mean '{found.near}'?"
    if found.param:
        return f"Write {found.param}."
    match found.kind:
        case WordsFaultKind.above_ceiling:
            return f"Leave it out, or ask first: {{% if {found.name} is defined %}}."
        case WordsFaultKind.if_not_closed:
            return "End it with {% endif %}."
        case WordsFaultKind.braces_not_closed:
            return "Close it with }} or %}."
        case WordsFaultKind.unknown_filter:
            return f"Such as {{{{ born_on | day }}}}; {docs_page('reference/rules.md')} lists them."
        case WordsFaultKind.unexpected | WordsFaultKind.stray_brace:
            return "What is filled in stands between {{ and }}, a choice between {% and %}."
        case WordsFaultKind.too_much:
            return "Say it in one or two sentences; what has to be worked out goes into a `let` step."
    return ""


def _open_if(text: str) -> int:
    """Find the last {% if %} of a text that has no {% endif %}."""
    opened: list[int] = []
    for found in re.finditer(r"\{%-?\s*(if|endif)\b", text):
        if found[1] == "if":
            opened.append(found.start())
        elif opened:
            opened.pop()
    return opened[-1] if opened else 0


def _offset_in_words(text: str, name: str, line: int) -> int:
    """Find where a name stands between the braces of a text; where it does not, the beginning of the line."""
    begins = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
    for braces in _BRACES.finditer(text, begins) if name else ():
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", braces[1])
        if found:
            return braces.start(1) + found.start()
    brace = text.find("{", begins)
    return brace if brace >= 0 else begins


def _receiver_faults(app: App, *, reach: bool) -> Iterator[Fault]:
    for name, notifier in app.notifiers.items():
        where = app.loaded.document.place(("receivers", name))
        for problem in notifier.check():
            yield Fault(problem=f"receiver {name}: {problem}", where=where, severity="warning")
        for problem in _reach(notifier) if reach else ():
            yield Fault(problem=f"receiver {name}: {problem}", where=where)
        folder = notifier.bounce_folder()
        if folder is None:
            continue
        from alerting.delivery import bounces

        if wrong := bounces.problem_of(folder):
            at = app.loaded.document.place(("receivers", name, "bounces"))
            remedy = f"Let the mail server put bounces there, or leave `bounces` out: {docs_page('how-to/notice-bounces.md')}."
            yield Fault(problem=f"receiver {name}: {wrong}", where=at, remedy=remedy)


def _reach(notifier: Notifier) -> list[str]:
    """Return what is wrong that only trying a receiver can tell. What it did not foresee is one more thing that is wrong."""
    try:
        return notifier.reach()
    except Exception as error:  # noqa: BLE001  (a receiver's text may hold an address that is a secret)
        return [f"it cannot be tried ({type(error).__name__})"]


def _asking_faults(app: App) -> Iterator[Fault]:
    """Find that nothing would be asked, which looks like a day on which nothing is wrong."""
    place, daily = app.loaded.document.place, [rule for rule in app.book.rules if rule.file.job == "daily"]
    if not daily and not app.book.broken:
        problem = "every rule is switched off" if app.book.off else "no rule is used"
        where = place(("rules", "packs")) if app.loaded.config.rules.packs is not None else place(("rules",))
        yield Fault(
            problem=f"{problem}: nobody is looked at, and nobody told of anything",
            where=where,
            remedy="Name the packs under `rules: packs:`, or leave it out to use all; see `enabled: false` under `rules: settings:`.",
            severity="warning",
        )
    if not app.loaded.config.jobs.daily.on:
        problem = "the daily job is never due: nobody is told of anything"
        yield Fault(problem=problem, where=place(("jobs", "daily", "on")), remedy="Name its days.", severity="warning")


def _reach_faults(app: App) -> Iterator[Fault]:
    """Find the jobs of which no person would be told."""
    reaches = {name: receiver.reach for name, (receiver, _) in app.receivers().items()}
    place, asked = app.loaded.document.place, {rule.file.job for rule in app.book.rules} | {"daily", "weekly"}
    for job, settings in dict(app.loaded.config.jobs).items():
        used = [reaches[name] for name in (reaches if settings.to is None else settings.to) if name in reaches]
        is_made = all(name in app.notifiers for name in app.loaded.config.receivers)
        if job not in asked or not is_made or {Reach.persons, Reach.one_address} & set(used):
            continue
        why = (
            "it has no receiver"
            if not used
            else "it has copies alone"
            if Reach.copy in used
            else "a channel has counts, and names no child"
        )
        yield Fault(
            problem=f"the {job} job tells no person of anything: {why}",
            where=place(("receivers",)) if settings.to is None else place(("jobs", job, "to")),
            remedy="Give it a receiver of persons, such as one of type email.",
            severity="warning",
        )


def _address_faults(app: App) -> Iterator[Fault]:
    """Find the addresses of config.yaml that a receiver's own settings let nothing go to."""
    council = app.loaded.config.council
    addresses: dict[KeyPath, str] = {
        **{("council", "administrators", place): one.address for place, one in enumerate(council.administrators)},
        **{("council", "leadership", place): one.address for place, one in enumerate(council.leadership)},
    }
    if council.redirect_to is not None:
        addresses = {("council", "redirect_to"): council.redirect_to}
    for path, address in addresses.items():
        for name, notifier in app.notifiers.items():
            if why := notifier.why_not_to(address):
                remedy = f"Add its domain to `domains` of the receiver {name}, or write another address."
                problem = f"by the receiver {name}, {why}, so nothing gets to this address"
                yield Fault(problem=problem, where=app.loaded.document.place(path), remedy=remedy, severity="warning")


def _departure_faults(app: App) -> Iterator[Fault]:
    """Find a statutory rule that is switched off or loosened, and a number that is outside the range its rule states."""
    for found in find_departures(app.book):
        rule, name = found.rule, app.book.setting_name(found.rule.file)
        in_config = name in app.book.overrides.settings
        place = (
            app.loaded.document.place(("rules", "settings", name, *found.path)) if in_config else rule.source.place(found.path)
        )
        yield Fault(problem=f"{rule.code} {found.says}", where=place, remedy=found.remedy, severity="warning")


def _administrator_faults(app: App) -> Iterator[Fault]:
    """Find that there are not two administrators who are people: what one is asked to release, the other must be able to."""
    named = app.loaded.config.council.administrators
    where = app.loaded.document.place(("council", "administrators") if named else ("council",))
    people = People(administrators=named)
    persons = [one for place, one in enumerate(named) if not any(people.are_same(one.address, x.address) for x in named[:place])]
    if len(persons) < 2:
        found = "one administrator is" if persons else "no administrator is"
        yield Fault(
            problem=f"{found} named: nobody but {'them and ' if persons else ''}the performance team's manager is told of faults",
            where=where,
            remedy=f"Name two under `council:`, such as `administrators: [{_AN_ADMINISTRATOR}]`, so that one can act when the other is away.",
            severity="warning",
        )
        return  # whoever names two persons has mended what is wrong with one
    for place, one in enumerate(named):
        if one.name is None:
            yield Fault(
                problem="an administrator has an address and no name",
                where=app.loaded.document.place(("council", "administrators", place)),
                remedy=f"Write who it is, such as {_AN_ADMINISTRATOR}; an address alone is read as before.",
                severity="warning",
            )
