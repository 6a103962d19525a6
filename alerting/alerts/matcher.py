"""Which alerts something is about: of each key that is given, those with one of its values."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, field_validator

from alerting.formatting import listed
from alerting.model import Alert


class Matcher(BaseModel):
    """What an alert must be to be silenced: of each key that is given, one of its values.

    rule: by its id. level, subject_kind: as alerts show them. subject: the key of what it is about, such as a worker's id.
    worker: the allocated worker. child: the person it is about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rule: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    subject_kind: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()
    child: tuple[str, ...] = ()

    @field_validator("*")
    @classmethod
    def _without_blanks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value.strip() for value in values if value.strip()))

    def given(self) -> dict[str, list[str]]:
        """Return the keys that ask for something, with their values."""
        return {key: list(values) for key, values in self if values}

    def matches(self, alert: Alert) -> bool:
        """Return whether an alert is what is asked for. Nothing asked for matches nothing."""
        own = {
            "rule": alert.rule,
            "team": alert.team,
            "level": alert.level.name,
            "subject_kind": alert.subject_kind,
            "subject": alert.subject,
            "worker": alert.worker,
            "child": alert.person,
        }
        given = self.given()
        return bool(given) and all(own[key] in values for key, values in given.items())

    def __str__(self) -> str:
        return ", ".join(f"{key.replace('_', ' ')} {listed(values, 'or')}" for key, values in self.given().items())
