"""`alerting init`: the folder of a new council."""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from alerting import private_files
from alerting.errors import ConfigError, SourceError, docs_page
from alerting.terminal import echo

if TYPE_CHECKING:
    from alerting.installing.case_data import CaseData
    from alerting.installing.configuration import Answers
    from alerting.installing.units import Clock

_CLOCK = "windows" if os.name == "nt" else "systemd" if sys.platform == "linux" else "cron"
_RELAY = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:]+)\]|(?P<host>[A-Za-z0-9_.-]+))(?::(?P<port>[0-9]{1,5}))?")
_FIRST_DAYS = ("baseline", "full")
_TWO = "--administrator (two are needed)"
_NEXT = f"""\
Next, in that folder:
  alerting source check          what of the case data can be read
  alerting run daily --dry-run   how many alerts there would be, and whom they would be told; nothing is sent
{docs_page("how-to/deploy.md")} says where the files in service/ go, {docs_page("how-to/first-day.md")} what comes after the first run."""
_README = f"""\
Rules of the council's own, a file a rule. `alerting rules new --from CL-01` copies the nearest shipped one into this folder;
{docs_page("how-to/write-a-rule.md")} says how one is written. The shipped rules stay where they are, and go on being put right by updates.
"""


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What was given as options; None, or nothing, where it is to be asked."""

    council: str | None
    administrators: Sequence[str]
    source: str | None
    relay: str | None
    sender: str | None
    teams: Sequence[str]
    go_live: str | None


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--council", help="The council's name, as managers know it.")
@click.option(
    "--administrator", "administrators", multiple=True, help='Who looks after it, two at least: "Priya Shah <p.shah@x.gov.uk>".'
)
@click.option(
    "--source", help="Where the case data is: a folder, a workbook, an SQLite file, a database's address, env:NAME, demo."
)
@click.option("--relay", help="The mail relay, HOST or HOST:PORT. Without one, messages are files to look at.")
@click.option("--from", "sender", help="The address that mail comes from; with --relay.")
@click.option("--team", "teams", multiple=True, help="The id of a team whose channel in Teams gets a card; may be given again.")
@click.option(
    "--first-day",
    "go_live",
    type=click.Choice(_FIRST_DAYS),
    help="What is open on it already: kept back until released, or told as new.  [default: baseline]",
)
@click.option(
    "--clock",
    type=click.Choice(["systemd", "windows", "cron", "none"]),
    default=_CLOCK,
    show_default=True,
    help="What is to start the jobs; the files for it are written.",
)
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given is left at its default.")
@click.pass_context
def command(ctx: click.Context, /, folder: Path, *, clock: str, yes: bool, **given: Any) -> None:
    """Set a council up: write its config.yaml, a folder for its own rules and what starts the jobs; then check it.

    Whatever is not given as an option is asked, one question at a time. Nothing that is there is written over.
    """
    from alerting.installing.configuration import as_yaml

    config = folder / "config.yaml"
    if config.exists():
        raise ConfigError(f"{config.as_posix()} is there already", remedy="Give another folder; nothing is written over.")
    answers, found = _answers(_Given(**given), ask=not yes and sys.stdin.isatty())
    files = {Path("rules", "local", "README.txt"): _README.encode(), **_units(clock, folder)}
    # config.yaml comes last: whoever cannot write the others may try again.
    written = _write(folder, files | {Path("config.yaml"): as_yaml(answers).encode()})
    echo(f"{found.says}\n\n{written}\n")
    if missing := _missing_secrets(answers, found):
        echo(f"Put into the environment: {', '.join(missing)}. Then, in that folder, run `alerting check`.")
        return
    from alerting.commands.check import command as check

    echo(f"{_NEXT}\n\nWhat `alerting check` says of it:")
    ctx.obj = config
    ctx.invoke(check, offline=True, paths=())


def _write(folder: Path, files: Mapping[Path, bytes]) -> str:
    """Write what is not there yet, and return what was written and what was there, in words."""
    there = [path for path in files if (folder / path).exists()]
    for path, content in files.items():
        if path not in there:
            private_files.make_folder((folder / path).parent)
            private_files.write(folder / path, content)
    lines = [f"Written into {folder.resolve()}:", *(f"  {path.as_posix()}" for path in files if path not in there)]
    left = ["There already, and left as it was:", *(f"  {path.as_posix()}" for path in there)] if there else []
    return "\n".join(lines + left)


def _answers(given: _Given, *, ask: bool) -> tuple[Answers, CaseData]:
    """Return what is to be written down, and what the case data is. Raises UsageError with all that is missing or wrong."""
    from alerting.installing.case_data import recognise
    from alerting.installing.configuration import Answers, Mail, read_person

    desk = _Desk(ask=ask)
    council = desk.one("--council", given.council, "The council's name, as managers know it", _some_text)
    people = [
        desk.one(_TWO, each, f"Who looks after the service ({which} of two): Name <address>", read_person)
        for which, each in zip(("the first", "the second"), (*given.administrators, None, None), strict=False)
    ]
    people += [desk.one(_TWO, each, "", read_person) for each in given.administrators[2:]]
    found = desk.one(
        "--source", given.source, "Where the case data is: a folder, a file, env:NAME for a database, or demo", recognise
    )
    relay = desk.one("--relay", given.relay, "The mail relay, host:port; nothing for files to look at", _relay, default="")
    sender = desk.one("--from", given.sender, "The address that mail comes from", _address) if relay or given.sender else None
    first_day = desk.one(
        "--first-day",
        given.go_live,
        "What is open already: baseline keeps it back, full tells it",
        _first_day,
        default="baseline",
    )
    teams = desk.channels(given.teams)
    desk.end()
    return Answers(
        council=council,
        administrators=people,
        source=found.settings,
        mail=Mail(host=relay[0], port=relay[1], sender=sender) if relay and sender else None,
        teams=teams,
        go_live=first_day,
    ), found


class _Desk:
    """Takes answers: from options, else by asking. What cannot be used is asked again, or kept to be told with all the rest."""

    def __init__(self, *, ask: bool) -> None:
        self._ask = ask
        self._faults: list[str] = []

    def one(self, option: str, given: str | None, question: str, read: Callable[[str], Any], default: str | None = None) -> Any:
        """Return one answer as `read` understands it; None where there is none that it does, which `end` then says."""
        if given is None and self._ask:
            return self._asked(question, read, default)
        if given is None and default is None:
            self._faults.append(f"{option} is missing")
            return None
        try:
            return read(default or "" if given is None else given)
        except (ValueError, SourceError) as error:
            self._faults.append(f"{option}: {_said(error)}")
            return None

    def channels(self, teams: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of teams, each once. Two whose channel would stand in one variable of the environment are a fault."""
        from alerting.installing.configuration import channel_variable

        found = tuple(dict.fromkeys(teams))
        shared = [name for name, count in Counter(map(channel_variable, found)).items() if count > 1]
        self._faults += [f"--team: several ids would share {name}; give one, and the others in config.yaml" for name in shared]
        return found

    def end(self) -> None:
        """Raise UsageError where answers are missing or wrong, with all of them."""
        if self._faults:
            raise click.UsageError("\n  ".join(dict.fromkeys(self._faults)))

    def _asked(self, question: str, read: Callable[[str], Any], default: str | None) -> Any:
        while True:
            try:
                return read(click.prompt(question, default=default, show_default=bool(default), err=True))
            except (ValueError, SourceError) as error:
                echo(f"  {_said(error)}", err=True)


def _said(error: ValueError | SourceError) -> str:
    if not isinstance(error, SourceError):
        return str(error)
    return f"{error.problem}{'' if error.problem.endswith('.') else '.'} {error.remedy}"


def _some_text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


def _address(text: str) -> str:
    from alerting.mailboxes import is_address

    if not is_address(text.strip()):
        raise ValueError("write one address, such as alerts@council.gov.uk")
    return text.strip()


def _relay(text: str) -> tuple[str, int] | None:
    """Return the host and the port of a relay; None for no relay."""
    if not text.strip():
        return None
    found = _RELAY.fullmatch(text.strip())
    port = int(found["port"] or 25) if found else 0
    if found is None or not 0 < port < 2**16:
        raise ValueError("write host:port, such as relay.council.gov.uk:25 or [2001:db8::25]:25")
    return found["six"] or found["host"], port


def _first_day(text: str) -> str:
    if text not in _FIRST_DAYS:
        raise ValueError("write baseline or full")
    return text


def _units(clock: str, folder: Path) -> dict[Path, bytes]:
    """Return the files that start the jobs, each by its place in the council's folder."""
    from alerting.installing.units import Place, unit_files

    if clock == "none":
        return {}
    program = Path(sys.executable).with_name("alerting.exe" if os.name == "nt" else "alerting")
    made = unit_files(cast("Clock", clock), Place(program=program, folder=folder.resolve()))
    return {Path("service", name): content for name, content in made.items()}


def _missing_secrets(answers: Answers, found: CaseData) -> list[str]:
    """Return the variables of the environment that config.yaml names and that are not there yet."""
    from alerting.installing.configuration import channel_variable

    wanted = [*([found.variable] if found.variable else []), *map(channel_variable, answers.teams)]
    return [name for name in wanted if name not in os.environ]
