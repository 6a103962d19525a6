"""What config.yaml says of the page that managers and administrators open: `page:`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, Strict, field_validator, model_validator

from alerting.mailboxes import is_address

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)
_SHORTEST_KEY = 32
_CONTRAST = 4.5
"""Between white letters and what they stand on, so that they can be read by people who see little."""


def must_be_web_address(value: str) -> str:
    """Return an address of the web as it is. Raises ValueError where it is none."""
    if not re.match(r"^https?://[^/\s]", value):
        raise ValueError("an address begins with https://, or with http:// on the council's own network")
    try:
        port = urlsplit(value).port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("the port of an address is a number from 1 to 65535")
    return value


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine itself, as it reaches itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def _safe_address(value: str) -> str:
    """Return an address that nobody on the way can read or change: https, or this machine's own."""
    parts = urlsplit(must_be_web_address(value))
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise ValueError("it begins with https://; http:// is for this machine alone, such as http://127.0.0.1:8620")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError("it is a host, and a path if need be: no `?`, no `#`, no name and no password")
    return value.rstrip("/")


def _mail_addresses(values: Iterable[str]) -> tuple[str, ...]:
    for value in values:
        if not is_address(value):
            raise ValueError("not a mail address: each is one address, such as somebody@council.gov.uk")
    return tuple(values)


SafeAddress = Annotated[str, AfterValidator(_safe_address)]
MailAddresses = Annotated[tuple[str, ...], AfterValidator(_mail_addresses)]


class SignIn(BaseModel):
    """How the page knows who asks."""

    model_config = _STRICT

    type: Literal["oidc", "proxy", "look-as"] = Field(
        description="oidc: the council's own sign-in; proxy: a header of a reverse proxy; look-as: anybody of the made-up council"
    )
    issuer: SafeAddress | None = Field(default=None, description="Of oidc: the issuer, with the council's own tenant in it")
    client_id: str | None = Field(default=None, description="Of oidc: the id under which the page is registered there")
    client_secret: SecretStr | None = Field(default=None, description="Of oidc: its secret")
    claim: str = Field(default="email", description="Of oidc: the claim that holds the mail address")
    header: str | None = Field(
        default=None, pattern=r"^[A-Za-z][A-Za-z0-9-]{2,60}$", description="Of proxy: the header that holds the mail address"
    )
    from_: tuple[str, ...] = Field(
        default=(), alias="from", description="Of proxy: the addresses, or networks, from which it is believed"
    )

    @model_validator(mode="after")
    def _has_what_its_type_needs(self) -> Self:
        needed = {"oidc": ("issuer", "client_id", "client_secret"), "proxy": ("header", "from_"), "look-as": ()}[self.type]
        missing = [name.rstrip("_") for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"sign-in by {self.type} needs {' and '.join(f'`{name}`' for name in missing)}")
        tenant = urlsplit(self.issuer or "").path.strip("/").split("/")[0]
        if tenant in ("common", "organizations", "consumers"):
            raise ValueError(
                f"the issuer must name the council's own tenant: `{tenant}` would let in everybody who has an account"
            )
        return self

    @field_validator("from_")
    @classmethod
    def _are_networks(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                network = ipaddress.ip_network(value, strict=False)
            except ValueError:
                raise ValueError("each is an address or a network, such as 10.1.2.3 or 10.1.2.0/28") from None
            if network.prefixlen == 0:
                raise ValueError("a network of all addresses would let anybody say who they are")
        return values


class Page(BaseModel):
    """The page that `alerting serve` shows, beside doing the jobs."""

    model_config = _STRICT

    url: SafeAddress = Field(description="The address at which people open it, to which messages link")
    host: str = Field(default="127.0.0.1", description="The address of this machine at which it listens")
    port: int = Field(default=8620, ge=1, le=65535, description="The port at which it listens")
    sign_in: SignIn = Field(description="How it knows who asks")
    colour: str = Field(default="#1d5a77", pattern=r"^#[0-9a-fA-F]{6}$", description="The council's colour, behind its name")
    ceiling: Literal["reference", "detail"] = Field(
        default="reference", description="The most private tier that it shows of a person, as for a receiver"
    )
    idle_minutes: int = Field(default=30, ge=5, le=240, description="Minutes without a request after which one signs in again")
    hours: int = Field(default=10, ge=1, le=24, description="Hours after which one signs in again in any case")
    secret: SecretStr | None = Field(
        default=None, description="What sessions are signed with; made in `page.key` beside config.yaml when left out"
    )
    token: SecretStr | None = Field(
        default=None, description="What a machine shows to read metrics, runs and health; none may when left out"
    )
    directors: MailAddresses = Field(default=(), description="Mail addresses of directors, who see counts and no child")
    drafts: Annotated[bool, Strict()] = Field(
        default=False,
        description="Whether drafts of rules are written on the page and released by two people, into the council's folder of rules",
    )
    auditors: MailAddresses = Field(default=(), description="Mail addresses of auditors, who see the service's runs and no child")

    @field_validator("colour")
    @classmethod
    def _white_can_be_read_on_it(cls, value: str) -> str:
        if 1.05 / (_luminance(value) + 0.05) < _CONTRAST:
            raise ValueError("white letters cannot be read on this colour: take a darker one")
        return value

    @field_validator("secret", "token")
    @classmethod
    def _is_long(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _SHORTEST_KEY:
            raise ValueError(f"it has {_SHORTEST_KEY} characters or more, made by chance")
        return value

    def must_suit(self, source: object) -> None:
        """Raise ValueError where anybody could be looked at as anybody: that is for the made-up council, on this machine, alone."""
        if self.sign_in.type != "look-as":
            return
        if source != "demo":
            raise ValueError("`page.sign_in: {type: look-as}` is for the made-up council alone, `source: {type: demo}`")
        if not (is_loopback(self.host) and is_loopback(urlsplit(self.url).hostname)):
            raise ValueError("`page.sign_in: {type: look-as}` is for this machine alone: `host` and `url` are 127.0.0.1")


def _luminance(colour: str) -> float:
    """Return how light a colour is, from 0 to 1, as WCAG counts it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
