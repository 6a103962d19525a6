"""When each job is to be done, and what that makes of the days on which it was not. A slot is a job and a local date.

Times are compared as the clock on the wall shows them, never by adding hours: a day has 23 or 25 of them when clocks change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerting.config import DAYS, Job
from alerting.formatting import day
from alerting.store.job_leases import ENDED, JobLeases

TRY_AGAIN_AFTER = timedelta(minutes=10)
"""How long a run that failed is left before it is tried again."""


def is_slot(job: str, settings: Job, on: date, holidays: Set[date]) -> bool:
    """Return whether a job is to be done on a day; monthly on the first of its weekdays in a month that is no bank holiday."""
    if job != "monthly":
        return DAYS[on.weekday()] in settings.on
    possible = (on.replace(day=number) for number in range(1, on.day + 1))
    first = next((each for each in possible if DAYS[each.weekday()] in settings.on and each not in holidays), None)
    return first == on


def slots(job: str, settings: Job, after: date, before: date, holidays: Set[date]) -> Iterator[date]:
    """Return the days between two days, neither included, on which a job was to be done."""
    on = after + timedelta(days=1)
    while on < before:
        if is_slot(job, settings, on, holidays):
            yield on
        on += timedelta(days=1)


def is_over(settings: Job, local: datetime) -> bool:
    """Return whether it is too late today for a job: its cut-off has passed. Without one it is not too late until midnight."""
    return settings.cut_off is not None and local.time() >= time.fromisoformat(settings.cut_off)


def is_time(settings: Job, local: datetime) -> bool:
    """Return whether a job's time has come today and its cut-off has not."""
    return local.time() >= time.fromisoformat(settings.at) and not is_over(settings, local)


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """The council's jobs by name, in the order in which they are done, and what was done of them."""

    jobs: Mapping[str, Job]
    zone: ZoneInfo
    holidays: Set[date]
    leases: JobLeases

    def due(self, now: datetime) -> list[str]:
        """Return the jobs whose time has come and that have not been done today, in order."""
        return [job for job in self.jobs if self.is_due(job, now)]

    def is_due(self, job: str, now: datetime) -> bool:
        """Return whether a job is to be done now. One that failed is so again after a while; one that was stopped, at once."""
        local, settings = now.astimezone(self.zone), self.jobs[job]
        today = local.date()
        if not is_slot(job, settings, today, self.holidays) or not is_time(settings, local):
            return False
        last = self.leases.last_day(job)
        if last is not None and last > today:
            # The clock stood later once. Alerts do not live backwards: nothing is done until it is past that day.
            return False
        found = self.leases.find(job, today)
        if found is None:
            return True
        return found.state not in ENDED and (found.state != "failed" or found.quiet >= TRY_AGAIN_AFTER)

    def record_missed(self, now: datetime) -> list[tuple[str, date]]:
        """Record every slot that has passed and was not done, with the reason as far as it is known; return the new ones.

        Nothing was missed before the store's first run. A slot of today counts as passed from its cut-off on.
        """
        local = now.astimezone(self.zone)
        today = local.date()
        missed: list[tuple[str, date]] = []
        for job, settings in self.jobs.items():
            last = self.leases.last_day(job)
            if last is None:
                continue
            over = is_over(settings, local)
            ends = today + timedelta(days=1 if over else 0)
            days = {*slots(job, settings, last, ends, self.holidays), *self.leases.unfinished(job, ends - timedelta(days=1))}
            until = f"between {settings.at} and {settings.cut_off}" if settings.cut_off else f"from {settings.at} on"
            nothing = f"nothing was there to start it {until}"
            missed += [(job, each) for each in self.leases.miss(job, sorted(days - {today}), nothing)]
            if today in days:
                missed += [(job, each) for each in self.leases.miss(job, [today], self._going_on() or nothing)]
        return missed

    def _going_on(self) -> str | None:
        running = self.leases.running()
        return f"{running.job} of {day(running.as_of)} was still going on" if running else None
