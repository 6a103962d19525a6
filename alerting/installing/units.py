"""What has the operating system start the jobs: units of systemd, a task of Windows, lines for cron.

docs/how-to/deploy.md says where they go, and what else there is to do.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

Clock = Literal["systemd", "windows", "cron"]


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is to be started, and where."""

    #: The program, `alerting`.
    program: Path
    #: The council's folder: config.yaml lies in it, and the jobs are started in it.
    folder: Path

    @property
    def config(self) -> Path:
        """The council's config.yaml."""
        return self.folder / "config.yaml"


def unit_files(clock: Clock, place: Place) -> Mapping[str, bytes]:
    """Return the files that start the daily and the weekly job, each by its name."""
    return _WRITERS[clock](place)


def _systemd(place: Place) -> Mapping[str, bytes]:
    service = f"""\
[Unit]
Description=Practice alerts, %i run
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=practice-alerts
WorkingDirectory={_of_systemd(place.folder)}
ExecStart={_word(place.program)} --config {_word(place.config).replace("$", "$$")} run %i --due
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths={_word(place.folder)}
PrivateTmp=yes
PrivateDevices=yes
CapabilityBoundingSet=
TimeoutStartSec=2h
"""
    timers = {
        f"practice-alerts-{job}.timer": f"""\
[Unit]
Description=Practice alerts, {job} run

[Timer]
OnCalendar={days} *-*-* 07..13:00/10 Europe/London
Persistent=true
Unit=practice-alerts@{job}.service

[Install]
WantedBy=timers.target
"""
        for job, days in (("daily", "Mon..Fri"), ("weekly", "Mon"))
    }
    return {name: text.encode() for name, text in {"practice-alerts@.service": service, **timers}.items()}


def _of_systemd(path: Path) -> str:
    """Return a path as a unit has it, where a per cent sign begins a name of systemd's own."""
    return str(path).replace("%", "%%")


def _word(path: Path) -> str:
    """Return a path as one word of a unit's line: in quotes, whatever is in it."""
    return '"' + _of_systemd(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _windows(place: Place) -> Mapping[str, bytes]:
    every_day = "".join(f"<{day} />" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"))
    return {
        f"practice-alerts-{job}.xml": _task(place, job, at, days).encode("utf-16")
        for job, at, days in (("daily", "07:00", every_day), ("weekly", "07:30", "<Monday />"))
    }


def _task(place: Place, job: str, at: str, days: str) -> str:
    arguments = f'--config "{place.config}" run {job} --due'
    return f"""\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Practice alerts, {job} run</Description></RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2026-01-05T{at}:00</StartBoundary>
      <ScheduleByWeek><DaysOfWeek>{days}</DaysOfWeek><WeeksInterval>1</WeeksInterval></ScheduleByWeek>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT2H</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT10M</Interval><Count>3</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>{escape(str(place.program))}</Command>
      <Arguments>{escape(arguments)}</Arguments>
      <WorkingDirectory>{escape(str(place.folder))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def _cron(place: Place) -> Mapping[str, bytes]:
    command = f"cd {_of_cron(place.folder)} && {_of_cron(place.program)} --config {_of_cron(place.config)} run"
    lines = f"""\
# Every ten minutes until the cut-off it asks whether there is something to do; once the day is done it ends at once.
*/10 7-13 * * 1-5  {command} daily --due 2>&1 | logger -t practice-alerts
*/10 7-13 * * 1  {command} weekly --due 2>&1 | logger -t practice-alerts
"""
    return {"practice-alerts.cron": lines.encode()}


def _of_cron(path: Path) -> str:
    """Return a path as a line of cron has it, where a per cent sign would end the command."""
    return shlex.quote(str(path)).replace("%", r"\%")


_WRITERS: Mapping[Clock, Callable[[Place], Mapping[str, bytes]]] = {"systemd": _systemd, "windows": _windows, "cron": _cron}
