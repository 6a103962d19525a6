"""config.yaml -> Pipeline: the only module that picks implementations. A `type:` names a module; no list of them is kept.

Each part is read from its module when it is asked for: to check, explain or try a rule takes no store and no sending, and
whoever does that waits for the answer.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from alerting.casedata.catalogue import Limits
from alerting.config import Council, Loaded, load_config, path_problem, sqlite_path
from alerting.database_address import sqlite_file
from alerting.delivery.notifier import Notifier
from alerting.documents.document import did_you_mean
from alerting.errors import Fault, Faults, Place, StoreError
from alerting.formatting import listed
from alerting.model import Reach
from alerting.rulebook.book import LastGoodText, Rulebook
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import LOCAL_PACK, load_rulebook
from alerting.rulebook.rule import Rule
from alerting.working_days import add_working_days

if TYPE_CHECKING:
    from alerting.alerts.acts import Approval
    from alerting.alerts.people import Actor
    from alerting.casedata.snapshot import Source
    from alerting.casedata.trust import Past
    from alerting.delivery.bounces import Bounces
    from alerting.delivery.sending import Sender
    from alerting.evaluation.archive import Archive
    from alerting.notifications.messages.own_words import OwnWords
    from alerting.notifications.messages.rendering import RuleWords, Words
    from alerting.notifications.policy import Policy
    from alerting.notifications.routing import Receiver
    from alerting.runs.heartbeat import Heartbeat
    from alerting.runs.pipeline import Pipeline
    from alerting.store.alert_actions import AlertActions
    from alerting.store.messages.outbox import Outbox
    from alerting.store.messages.send_hold import Marker
    from alerting.store.store import Store, Transaction


@dataclass(frozen=True, kw_only=True)
class App:
    """One configured service: its parts, made when they are asked for. faults: what is wrong but stops nothing else."""

    loaded: Loaded
    book: Rulebook
    source: Source | None
    notifiers: Mapping[str, Notifier]
    faults: tuple[Fault, ...]

    def with_rules(self, folder: Path) -> App:
        """Return the same service with the council's rules from another folder; of a file with faults none is taken from before."""
        rules = self.loaded.config.rules.model_copy(update={"path": folder})
        loaded = replace(self.loaded, config=self.loaded.config.model_copy(update={"rules": rules}))
        return replace(self, loaded=loaded, book=_book(loaded, _overrides(loaded, []), dict))

    def store(self) -> Store:
        """Open the store. Raises StoreError."""
        from alerting.store.store import Store

        return Store.open(self.store_url)

    def existing_store(self) -> Store | None:
        """Open the store if there is one that can be used, and make none: for what it has to add to an answer."""
        return _existing_store(self.store_url)

    def store_there_is(self) -> Store | None:
        """Open the store, None where there is none yet or it is empty. Raises StoreError where there is one that cannot be used."""
        from alerting.store.store import Store

        file = sqlite_file(self.store_url)
        if file is not None and not file.exists():
            return None
        store = Store.connect(self.store_url)
        try:
            if store.version() is None:
                return None
        finally:
            store.close()
        return Store.open(self.store_url, create=False)

    def past(self, as_of: date) -> Past:
        """Return what a run for a day would compare the case data with; nothing where there is no store yet."""
        from alerting.casedata.trust import Past
        from alerting.store import load_history

        store = self.existing_store()
        if store is None:
            return Past()
        try:
            with store.transaction() as connection:
                return load_history.past(connection, as_of)
        finally:
            store.close()

    @property
    def store_url(self) -> str:
        """The store's address, with the path of an SQLite file taken from the folder of config.yaml."""
        return sqlite_path(self.loaded.config.store, self.loaded.folder)

    def archive(self) -> Archive:
        """Return the folder of the days kept."""
        from alerting.evaluation.archive import Archive

        keep = self.loaded.config.keep
        return Archive(folder=self.loaded.folder / keep.path, days=keep.days)

    def marker(self, store: Store) -> Marker:
        """Return the file by which a restored store is recognised: that of `marker:`, or one beside an SQLite store."""
        from alerting.store.messages.send_hold import Marker

        config, path = self.loaded.config, None
        if config.marker is not None:
            path = self.loaded.folder / config.marker
        elif (file := sqlite_file(self.store_url)) is not None:
            path = Path(f"{file}.marker")
        return Marker(store=store, path=path, environment=config.council.environment)

    def heartbeat(self) -> Heartbeat:
        """Return where the sign of life is given."""
        from alerting.runs.heartbeat import Heartbeat

        wanted = self.loaded.config.heartbeat
        return Heartbeat(
            url=wanted.url.get_secret_value() if wanted.url else None,
            method=wanted.method,
            timeout_s=wanted.timeout_s,
            file=self.loaded.folder / wanted.file if wanted.file else None,
        )

    def words(self) -> Words:
        """Return the words of messages."""
        from alerting.notifications.messages.rendering import Words

        council, page = self.loaded.config.council, self.loaded.config.page
        rules = {rule.id: words_of(rule) for rule in self.book.every}
        ask = council.ask or next((one.address for one in council.administrators), None)
        return Words(
            rules,
            council=council.name,
            page_url=page.url if page else council.page,
            stamp=council.stamped,
            ask=ask,
            case_link=council.case_link,
            attach_lists=council.attach_lists,
            own=self.own_words(),
        )

    def own_words(self) -> OwnWords:
        """Return what the council words itself in messages."""
        from alerting.notifications.messages.own_words import OwnWords, read_own_words

        folder = self.loaded.config.messages.templates
        return OwnWords() if folder is None else read_own_words(self.loaded.folder / folder)

    def receivers(self) -> dict[str, tuple[Receiver, Notifier]]:
        """Return each receiver as routing sees it, and itself."""
        from alerting.notifications.routing import Receiver

        return {
            name: (Receiver(name=name, teams=notifier.teams_reached(), reach=self._reach(notifier)), notifier)
            for name, notifier in self.notifiers.items()
        }

    def _reach(self, notifier: Notifier) -> Reach:
        """Return whom a receiver reaches: a folder beside mail is a copy, and alone the receiver."""
        if notifier.teams_reached() is not None:
            return Reach.channels
        if self.loaded.config.council.redirect_to is not None:
            return Reach.one_address
        beside = any(other.teams_reached() is None and not other.only_keeps() for other in self.notifiers.values())
        return Reach.copy if notifier.only_keeps() and beside else Reach.persons

    def outbox(self, store: Store) -> Outbox:
        """Return the outbox of a store."""
        from alerting.store.messages.outbox import Outbox

        reaches = {name: receiver.reach for name, (receiver, _) in self.receivers().items()}
        return Outbox(store, domain=self.loaded.config.council.domain, reaches=reaches)

    def sender(self, store: Store) -> Sender:
        """Return what sends the messages that wait in a store."""
        from alerting.delivery.sending import Sender
        from alerting.notifications.content import Addressee
        from alerting.store.job_leases import this_process

        return Sender(
            outbox=self.outbox(store),
            words=self.words(),
            receivers=self.receivers(),
            owner=this_process(),
            marker=self.marker(store),
            administrators=[
                Addressee(id=one.address, name=one.name or "Administrator", address=one.address)
                for one in self.loaded.config.council.administrators
            ],
            routes=self.policy().routes,
        )

    def bounces(self, sender: Sender) -> Bounces:
        """Return the folders that the receivers name for bounces. What is kept apart from the live service reads none."""
        from alerting.delivery.bounces import Bounces

        folders: dict[Path, frozenset[str]] = {}
        for name, notifier in self.notifiers.items():
            folder = notifier.bounce_folder()
            if folder is not None:
                folders[folder] = folders.get(folder, frozenset()) | {name}
        return Bounces(folders=folders, sender=sender)

    def policy(self, book: Rulebook | None = None) -> Policy:
        """Return what the council has decided; with another book, what it would have decided with that."""
        from alerting.notifications.policy import Policy

        config = self.loaded.config
        return Policy(
            book=book or self.book,
            receivers={name: receiver for name, (receiver, _) in self.receivers().items()},
            jobs={name: frozenset(job.to) if job.to is not None else None for name, job in dict(config.jobs).items()},
            administrators=tuple(config.council.administrators),
            leadership=config.council.leadership,
            administrators_daily=config.council.administrators_daily,
            zone=config.council.zone,
            full_go_live=config.go_live == "full",
        )

    def add_working_days(self, day: date, count: int) -> date:
        """Return the day that is so many of the council's working days after a day."""
        return add_working_days(day, count, self.book.settings.bank_holidays)

    def last_day_of_request(self, made: date) -> date:
        """Return the last day on which a request that was made on a day may be approved."""
        return self.add_working_days(made, self.loaded.config.handling.request)

    def actions(
        self,
        store: Store,
        connection: Transaction,
        by: Actor,
        now: datetime,
        *,
        asked: str | None = None,
        approval: Approval | None = None,
    ) -> AlertActions:
        """Return where somebody may do something to alerts today, as far as the council lets people go."""
        from alerting.store.alert_actions import AlertActions

        return AlertActions(
            store=store,
            connection=connection,
            by=by,
            now=now,
            today=now.astimezone(self.loaded.config.council.zone).date(),
            asked=asked,
            approved_by=approval.by if approval else None,
            answers=approval.request.id if approval else None,
            limits=self.loaded.config.handling,
            add=self.add_working_days,
        )

    def pipeline(self, store: Store) -> Pipeline:
        """Build the line on a store. Raises Faults when the source or a receiver cannot be used."""
        from alerting.runs.pipeline import Pipeline

        # A fault of one rule, even of what config.yaml says of it, leaves the others running.
        own = [fault for fault in self.faults if fault.severity == "error" and fault not in self.book.faults]
        stopping = [*self.book.stopping, *(fault for fault in own if fault.where and _is_of_config(fault.where, self.loaded))]
        if self.source is None or stopping:
            raise Faults(stopping or list(self.faults))
        sender = self.sender(store)
        return Pipeline(
            policy=self.policy(),
            source=self.source,
            store=store,
            archive=self.archive(),
            sender=sender,
            bounces=self.bounces(sender),
            heartbeat=self.heartbeat(),
            retention=self.loaded.config.retention,
            last_day_of_request=self.last_day_of_request,
        )


def build(path: Path, *, checking: bool = False) -> App:
    """Read the configuration and the rules it points to, and make what they name.

    Raises Faults where config.yaml itself cannot be used; what is wrong with a rule, the source or a receiver stands in
    the app's `faults`. checking: so do the faults of config.yaml, as far as the rest of it can stand.
    """
    faults: list[Fault] = []
    loaded = load_config(path, faults if checking else None)
    overrides = _overrides(loaded, faults)
    unmade: list[Fault] = []
    source = _source(loaded, unmade)
    notifiers: dict[str, Notifier] = {}
    for name, section in loaded.config.receivers.items():
        notifier = _make(loaded, ("receivers", name), section, "notifiers", "Notifier", unmade)
        if notifier is not None:
            notifiers[name] = _for(loaded.config.council, cast("Notifier", notifier))
    book = _book(loaded, overrides, lambda: _last_good(loaded))
    faults += [*book.faults, *unmade]
    for job, settings in dict(loaded.config.jobs).items():
        for index, name in enumerate(settings.to or ()):
            if name not in loaded.config.receivers:
                where = loaded.document.place(("jobs", job, "to", index))
                faults.append(
                    Fault(
                        problem=f"there is no receiver '{name}'", where=where, remedy=did_you_mean(name, loaded.config.receivers)
                    )
                )
    return App(
        loaded=loaded,
        book=book,
        source=source,
        notifiers=notifiers,
        faults=tuple(faults),
    )


def _for(council: Council, notifier: Notifier) -> Notifier:
    if council.redirect_to is None:
        return notifier
    from alerting.delivery.redirect import kept_apart

    return kept_apart(notifier, council.environment, council.redirect_to)


def words_of(rule: Rule) -> RuleWords:
    """Return what messages say of a rule."""
    from alerting.notifications.messages.rendering import RuleWords

    return RuleWords(
        id=rule.id,
        code=rule.code,
        title=rule.title,
        says=rule.says,
        clears=rule.clears,
        falls_due=rule.falls_due,
        one=rule.headline[0],
        many=rule.headline[1],
        basis_kind=rule.basis_kind,
        basis_text=rule.basis_text,
        basis_source=rule.basis_source,
        params=rule.params,
        tiers=rule.tiers,
    )


def types_of(package: str) -> list[str]:
    """Return the types that a package's modules offer, such as `email` and `teams` for notifiers."""
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__))


def _source(loaded: Loaded, faults: list[Fault]) -> Source | None:
    """Return where the case data comes from, and the council's own tables; None where either cannot be made."""
    from alerting.casedata.divided_source import USUALLY_APART, Divided
    from alerting.casedata.flavours.reading import as_ours

    made = _make(loaded, ("source",), loaded.config.source, "alerting.sources", "Source", faults)
    source = as_ours(cast("Source", made)) if made else None
    if loaded.config.own_tables is None:
        return source
    section = dict(loaded.config.own_tables)
    tables = _own_tables(loaded, section.pop("tables", sorted(USUALLY_APART)), faults)
    own = _make(loaded, ("own_tables",), section, "alerting.sources", "Source", faults)
    return Divided(case_data=source, own=cast("Source", own), tables=tables) if source and own and tables else None


def _own_tables(loaded: Loaded, named: object, faults: list[Fault]) -> frozenset[str]:
    """Return which tables `own_tables: tables:` names; none, with the faults, where that cannot be read."""
    from alerting.casedata.divided_source import OWN_TABLES

    if not isinstance(named, list) or not named:
        where = loaded.document.place(("own_tables", "tables"))
        faults.append(
            Fault(problem="`tables` is no list", where=where, remedy="Write it as [ext_staff, ext_team], or leave it out.")
        )
        return frozenset()
    unknown = [(place, str(name)) for place, name in enumerate(named) if str(name) not in OWN_TABLES]
    for place, name in unknown:
        where = loaded.document.place(("own_tables", "tables", place))
        remedy = did_you_mean(name, OWN_TABLES) or f"There are {listed(sorted(OWN_TABLES))}; all others come with the case data."
        faults.append(Fault(problem=f"`{name}` is none of the council's own tables", where=where, remedy=remedy))
    return frozenset() if unknown else frozenset(named)


def _make(
    loaded: Loaded, path: tuple[str, ...], section: Mapping[str, Any], package: str, name: str, faults: list[Fault]
) -> BaseModel | None:
    kind, known = str(section.get("type", "")), types_of(package)
    if kind not in known:
        problem = f"unknown type `{kind}`" if kind else "`type` is missing"
        remedy = did_you_mean(kind, known) or f"The types are: {', '.join(known)}."
        faults.append(Fault(problem=problem, where=loaded.document.place((*path, "type")), remedy=remedy))
        return None
    model: type[BaseModel] = getattr(importlib.import_module(f"{package}.{kind}"), name)
    before = len(loaded.document.faults)
    made = None
    with suppress(ValidationError):
        made = loaded.document.check(model, dict(section), path)
    faults += loaded.document.faults[before:]
    del loaded.document.faults[before:]
    if made is None:
        return None
    paths = {field: value for field in model.model_fields if isinstance(value := getattr(made, field), Path)}
    wrong = {field: odd for field, value in paths.items() if (odd := path_problem(value))}
    if wrong:
        faults += [Fault(problem=f"`{field}` {why}", where=loaded.document.place((*path, field))) for field, why in wrong.items()]
        return None
    relative = {field: loaded.folder / value for field, value in paths.items() if not value.is_absolute()}
    return made.model_copy(update=relative) if relative else made


def rules_folders(loaded: Loaded) -> tuple[Path, ...]:
    """Return where rules are read from: the council's folder, or the one that this version carries and the council's over it.

    A council's folder with settings of its own is all there is. One without them, that has a folder for the council's own rules,
    lies over what this version carries, which an update may then put right.
    """
    folder = loaded.folder / loaded.config.rules.path
    if not folder.is_dir() and loaded.config.rules.path == Path("rules"):
        return (carried_rules(),)
    lies_over = (folder / LOCAL_PACK).is_dir() and not (folder / "settings.yaml").exists() and not (folder / "subjects").is_dir()
    return (carried_rules(), folder) if lies_over else (folder,)


def carried_rules() -> Path:
    """Return the folder of rules that this version of the product carries."""
    carried = Path(__file__).parent / "_rules"
    return carried if carried.is_dir() else Path(__file__).parent.parent / "rules"


def _book(loaded: Loaded, overrides: Overrides, last_good: Callable[[], Mapping[str, LastGoodText]]) -> Rulebook:
    """Load the rules; a file that has faults today in its last good version, where there is one."""
    (folder, *own), packs = rules_folders(loaded), loaded.config.rules.packs
    limits = Limits(memory_mb=loaded.config.engine.memory_mb, seconds=loaded.config.engine.seconds)
    return load_rulebook(folder, packs, overrides, loaded.document, last_good, limits, next(iter(own), None))


def _last_good(loaded: Loaded) -> dict[str, LastGoodText]:
    from alerting.store.rule_versions import RuleHistory

    store = _existing_store(sqlite_path(loaded.config.store, loaded.folder))
    if store is None:
        return {}
    try:
        return RuleHistory(store).last_good()
    finally:
        store.close()


def _existing_store(url: str) -> Store | None:
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return None
    from alerting.store.store import Store

    # Whoever cannot do without the store opens it again, and is told what is wrong with it.
    with suppress(StoreError):
        return Store.open(url, create=False)
    return None


def _overrides(loaded: Loaded, faults: list[Fault]) -> Overrides:
    """Return what the council sets about rules; nothing, and its faults, where that cannot be read. Then nothing runs."""
    section = loaded.config.rules
    before = len(loaded.document.faults)
    values = {
        "settings": section.settings,
        "params": section.params,
        "codes": section.codes,
        "bank_holidays": section.bank_holidays,
        "bank_holiday_changes": section.bank_holiday_changes,
        "shadow": section.shadow,
        "promoted": section.promoted,
    }
    overrides = loaded.document.check(Overrides, values, ("rules",))
    faults += loaded.document.faults[before:]
    del loaded.document.faults[before:]
    return overrides or Overrides()


def _is_of_config(where: Place, loaded: Loaded) -> bool:
    return where.file == loaded.document.file
