"""The first config.yaml of a council: its answers, with a word beside each setting on what it does and what else it may be."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerting.errors import docs_page
from alerting.mailboxes import domain_of, is_address

_TLS_PORT = 465
"""The port on which a mail relay speaks TLS from the first byte."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who looks after the service."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """The relay that takes the council's mail."""

    host: str
    port: int
    sender: str


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a council says of itself."""

    council: str
    administrators: Sequence[Person]
    #: The keys of `source:`.
    source: Mapping[str, str]
    #: None where messages are written into a folder, to be looked at.
    mail: Mail | None
    #: The ids of teams whose channel in Teams gets a card.
    teams: Sequence[str]
    #: What becomes of all that is open on the first day: `baseline` or `full`.
    go_live: str


def read_person(text: str) -> Person:
    """Return who `Priya Shah <priya.shah@council.gov.uk>` is. Raises ValueError where it is no name with an address.

    >>> read_person("Priya Shah <priya.shah@council.gov.uk>")
    Person(name='Priya Shah', address='priya.shah@council.gov.uk')
    """
    name, _, rest = text.strip().partition("<")
    address = rest.removesuffix(">").strip()
    if not name.strip() or not is_address(address):
        raise ValueError("write a name and an address: Priya Shah <priya.shah@council.gov.uk>")
    return Person(name=name.strip().strip('"'), address=address)


def channel_variable(team: str) -> str:
    """Return the variable of the environment that holds the address of a team's channel.

    >>> channel_variable("T-1 west")
    'TEAMS_T_1_WEST'
    """
    return "TEAMS_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in team).upper()


def as_yaml(answers: Answers) -> str:
    """Return the text of config.yaml."""
    people = "\n".join(
        f"    - name: {_quoted(person.name)}\n      address: {_quoted(person.address)}" for person in answers.administrators
    )
    source = "\n".join(f"  {key}: {_quoted(value)}" for key, value in answers.source.items())
    return f"""\
# What this council decides about its alerts. `alerting check` finds every fault of this file in one pass;
# every key, with what it may be: {docs_page("reference/config.md")}.

council:
  name: {_quoted(answers.council)}
  # Who looks after the service: each is told of its faults, and may release what waits. Two at least, so that one can act
  # when the other is away.
  administrators:
{people}
{_domain(answers)}
# The service's own memory: what was found, who was told, who did what. Back it up every night: `alerting store backup FILE`.
store: sqlite:///alerting.db

# Where case data comes from. `alerting source check` says what of it can be read.
source:
{source}

# What is open already on the first day. `baseline`: it is stored and told to nobody, until somebody has looked and runs
# `alerting rules release --all --by NAME`; each manager then gets one summary of it. `full`: it is told as new.
go_live: {answers.go_live}

# The shipped rules are used and kept up to date; what stands in rules/local is yours and comes on top.
# `alerting rules new --from CL-01` copies one to change. A number is changed here, such as
#   settings: {{CL-01: {{params: {{red_days: 60}}}}, CP-08: {{enabled: false, reason: allocations are moving to a new system}}}}
rules:
  path: rules
  settings: {{}}

# When each job runs, and until when one that was late is caught up. Times are local.
jobs:
  daily: {{at: "07:00", on: [mon, tue, wed, thu, fri], cut_off: "14:00"}}
  weekly: {{at: "07:30", on: [mon]}}

# How people are reached. `ceiling` is the most that may stand in a message: `counts`, `reference` (ids, dates) or `detail`.
receivers:
{_receivers(answers)}"""


def _domain(answers: Answers) -> str:
    if answers.mail is None:
        return ""
    return f"  # The domain of message ids: one that is yours.\n  domain: {_quoted(domain_of(answers.mail.sender))}\n"


def _receivers(answers: Answers) -> str:
    if answers.mail is None:
        lines = [
            "  # Files to look at, for the first weeks: open outbox/index.html. Nobody is sent anything.",
            "  outbox: {type: folder, path: outbox, ceiling: reference}",
            "  # mail: {type: email, host: relay.example.gov.uk, port: 25, from: alerts@example.gov.uk, domains: [example.gov.uk]}",
        ]
    else:
        domains = sorted(
            {domain_of(address) for address in (answers.mail.sender, *(each.address for each in answers.administrators))}
        )
        lines = [
            "  mail:",
            "    type: email",
            f"    host: {_quoted(answers.mail.host)}",
            f"    port: {answers.mail.port}",
            f"    security: {'tls' if answers.mail.port == _TLS_PORT else 'starttls'}",
            f"    from: {_quoted(answers.mail.sender)}",
            "    ceiling: reference",
            "    # The only domains that mail may go to: a mistyped address of somebody else's gets nothing.",
            f"    domains: [{', '.join(map(_quoted, domains))}]",
        ]
    if answers.teams:
        lines += ["  # The address of each channel is a secret: it is taken from the environment.", "  teams:", "    type: teams"]
        lines += ["    ceiling: counts", "    channels:"]
        lines += [f"      {_quoted(team)}: {_quoted(f'${{env:{channel_variable(team)}}}')}" for team in answers.teams]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as YAML has it, whatever is in it."""
    in_quotes = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in in_quotes)
