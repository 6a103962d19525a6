"""A rule that has been checked and compiled: what it says, who it is about, and its parts as the engine's SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from alerting.casedata.catalogue import ALWAYS
from alerting.documents.document import Document
from alerting.expressions.compile import Compiled
from alerting.model import About, Level, Tier
from alerting.rulebook.file_models import RuleFile, Subject

NEVER_IN_A_CHANNEL = re.compile(r"(WF|PM)-[0-9]+|CLA-09|CLA-18")
"""The codes of rules that no channel hears of, whatever their files say: a count of one would tell everybody in it of whom."""

FILLED_IN = re.compile(r"params\.([a-z][a-z0-9_]*)(?: *\| *(percent|listed|working_days|weeks|months|years))?")
"""What may stand between double braces in a rule's `in_words`."""

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule that can be asked."""

    file: RuleFile
    #: The text it was read from, for the places of what is said about it later.
    source: Document = field(repr=False, compare=False)
    #: The folder of rules that it lies in.
    pack: str
    subject: Subject
    #: The parameters it uses, as they apply in this council.
    params: Mapping[str, Any]
    where: Compiled
    let: Mapping[str, Compiled]
    #: Of whom the columns that it requires must be filled.
    requires_of: Compiled
    measure: Compiled | None
    #: The highest first.
    levels: Mapping[Level, Compiled]
    due: Compiled | None
    #: By the role that is told as well.
    also: Mapping[str, Compiled]
    #: The columns and steps that its words name, which an answer carries with it.
    facts: tuple[str, ...]
    #: How private each name is that its words may use.
    tiers: Mapping[str, Tier]
    #: The case tables that its subject's SQL, and the views below it, read.
    tables: frozenset[str]
    #: A hash of everything about it, its words too.
    version: str
    #: A hash of only what decides its answers: a change of words is no change of logic.
    logic: str
    #: Whether it is tried first: told to the performance team alone.
    shadow: bool = False

    @property
    def place(self) -> str:
        """The path of its file."""
        return self.source.file

    @property
    def id(self) -> str:
        return self.file.id

    @property
    def code(self) -> str:
        return self.file.code

    @property
    def title(self) -> str:
        return self.file.title

    @property
    def says(self) -> str:
        return self.file.says

    @property
    def clears(self) -> str:
        return self.file.clears

    @property
    def falls_due(self) -> str:
        return self.file.falls_due

    @property
    def headline(self) -> tuple[str, str]:
        return self.file.headline or ("", "")

    @property
    def numbers(self) -> dict[str, Any]:
        """Its own parameters and tables as they apply here: what another rule may use of it."""
        return {name: self.params[name] for name in (*self.file.params, *self.file.tables)}

    @property
    def subject_kind(self) -> str:
        """What its alerts are about: its subject, or with `per` a team, a worker or a service."""
        return self.file.per or self.subject.id

    @property
    def about(self) -> About:
        """What its alerts are about."""
        return About(self.file.per or self.subject.about)

    @property
    def about_child(self) -> bool:
        """Whether its alerts tell of a child's record: restrictions apply then."""
        return self.about.concerns_child

    @property
    def in_channel(self) -> bool:
        """Whether a team's channel counts its alerts today."""
        return self.file.channel and not self.shadow and not self.never_in_a_channel

    @property
    def never_in_a_channel(self) -> bool:
        """Whether no team's channel may count its alerts: none of who works there, of adoption, or of who is missing."""
        return self.file.nobody_else or bool(NEVER_IN_A_CHANNEL.fullmatch(self.code))

    @property
    def unit(self) -> str:
        return self.file.unit

    @property
    def basis_kind(self) -> str:
        return self.file.basis.kind

    @property
    def basis_text(self) -> str:
        return self.file.basis.text

    @property
    def basis_source(self) -> str:
        return self.file.basis.source

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tables it depends on, with those every rule does. A rule that names none depends on all that its subject reads."""
        if self.about.is_of_the_run:
            # What is said of a table that cannot be believed is said whether or not it can.
            return frozenset()
        directory = {"team": {"ext_team"}, "service": {"ext_team"}, "worker": {"ext_staff"}}.get(self.file.per or "", set())
        return (
            (frozenset(self.file.reads) or self.tables)
            | ALWAYS
            | directory
            | self.file.off_without.keys()
            | {*self.file.off_without_all}
        )
