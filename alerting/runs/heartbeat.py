"""A sign of life after each daily run that the audit finds right, so that silence is noticed from outside.

Where messages waited when the run was done, it is given on the same day once all of them are taken.

The address is a secret, as whoever knows it can give the sign: it stands in no problem. What goes wrong here is told and
stops nothing: the run is done, and whoever waits for the sign will ask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from alerting import private_files
from alerting.audit import verify
from alerting.store import seals, service_state
from alerting.store.messages import send_hold
from alerting.store.schema import DONE
from alerting.store.store import Store

_GIVEN = "sign_of_life"
"""The name in `state` of the last day for which the sign was given."""

_ENOUGH = 512
"""Bytes of an answer that are looked at."""


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """Where the sign is given: an address, a file, both or neither."""

    url: str | None = None
    method: Literal["GET", "POST"] = "GET"
    #: For the address's answer, and to connect.
    timeout_s: float = 10
    file: Path | None = None

    def beat_for(self, on: date, store: Store, now: datetime) -> list[str]:
        """Send the sign of life of a day, and remember that it was given; return what went wrong with it, a sentence each."""
        with store.transaction() as connection:
            sealed = seals.newest(connection)
        problems = self.beat(now, sealed.head if sealed else None)
        if not problems:
            with store.transaction() as connection:
                service_state.remember(connection, _GIVEN, on.isoformat(), now)
        return problems

    def beat_late(self, on: date, store: Store, now: datetime) -> list[str]:
        """Send the sign of life that a day's run kept back, where every promise of the day is kept by now; return what went wrong."""
        if self.url is None and self.file is None:
            return []
        with store.transaction() as connection:
            latest, given = store.latest_run("daily", within=connection), service_state.remembered(connection, _GIVEN)
            is_done = latest is not None and latest.as_of == on and latest.report.get("status") in DONE
            if not is_done or given == on.isoformat() or send_hold.find_hold(connection):
                return []
            found = verify.verify(connection, on, on, now)
        return [] if found.breaches or found.not_shown else self.beat_for(on, store, now)

    def beat(self, now: datetime, seal: str | None = None) -> list[str]:
        """Send the sign of life; return what went wrong with it, a sentence each. seal: the head that goes with it, out of reach."""
        problems = [self._ask(self.url, seal)] if self.url else []
        problems += [self._touch(self.file, now, seal)] if self.file else []
        return [problem for problem in problems if problem]

    def _ask(self, url: str, seal: str | None) -> str | None:
        # Read where it is used: it is slow to import, and most commands give no sign.
        import requests

        try:
            # Nobody follows a redirection: the address is that of the monitoring itself, or it is wrong.
            said = f"practice-alerts seal={seal}" if seal else "practice-alerts"
            body = f"seal={seal}\n".encode() if seal and self.method == "POST" else None
            with requests.request(
                self.method,
                url,
                data=body,
                headers={"User-Agent": said},
                timeout=self.timeout_s,
                allow_redirects=False,
                stream=True,
            ) as answer:
                page = _is_page(answer.raw.read(_ENOUGH, decode_content=True))
        except requests.exceptions.Timeout:
            return f"the heartbeat's address did not answer within {self.timeout_s:g} seconds"
        except Exception as error:  # noqa: BLE001  (a proxy or a file of certificates that is not there raises what it likes)
            # Its own words carry the whole address.
            return f"the heartbeat's address cannot be reached ({type(error).__name__})"
        if not 200 <= answer.status_code < 300:
            return f"the heartbeat's address answered {answer.status_code}"
        return (
            "the heartbeat's address answered with a web page, as a proxy or a sign-in does, and no monitoring" if page else None
        )

    def _touch(self, file: Path, now: datetime, seal: str | None) -> str | None:
        try:
            # Whole or not at all: an agent may look at any moment, and may be an account that an administrator let read it.
            private_files.write(
                file, f"{now.isoformat(timespec='seconds')}\n{f'seal {seal}{chr(10)}' if seal else ''}", keep_rights=True
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            return f"the heartbeat's file cannot be written ({why})"
        return None


def _is_page(beginning: bytes) -> bool:
    """Return whether an answer is a web page: what a monitoring service says is a word, JSON or nothing."""
    return beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
