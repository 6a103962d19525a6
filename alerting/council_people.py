"""Whom config.yaml names: those who look after the service, and those who lead more than the directory says."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alerting.mailboxes import is_address

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


def one_address(value: str) -> str:
    """Return a mail address as it is. Raises ValueError for what is none."""
    if not is_address(value):
        raise ValueError("not a mail address: it is one address, such as somebody@council.gov.uk")
    return value


class Administrator(BaseModel):
    """Somebody who looks after the service: is told of faults, and may release what waits."""

    model_config = _STRICT

    name: str | None = Field(default=None, description="Their name, as colleagues know it")
    address: str = Field(description="Their own address, not a shared mailbox")
    worker_id: str | None = Field(default=None, description="Their worker id, where the directory has them")
    account: str | None = Field(default=None, description="Their account of the operating system, from which they give commands")

    @model_validator(mode="before")
    @classmethod
    def _of_an_address_alone(cls, value: Any) -> Any:
        """Read what earlier versions asked for: an address, and no name."""
        return {"address": value} if isinstance(value, str) else value

    @field_validator("address")
    @classmethod
    def _can_be_written_to(cls, value: str) -> str:
        return one_address(value)


class Leader(BaseModel):
    """A director, or somebody else who leads more than the directory says: gets the weekly summary of all teams, as counts."""

    model_config = _STRICT

    name: str = Field(description="Their name, as colleagues know it")
    address: str = Field(description="Their own address")
    worker_id: str | None = Field(default=None, description="Their worker id, where the directory has them")
    services: tuple[str, ...] = Field(
        default=(), description="Services whose teams theirs are, such as assessment; all when left out"
    )

    @field_validator("address")
    @classmethod
    def _can_be_written_to(cls, value: str) -> str:
        return one_address(value)
