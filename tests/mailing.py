"""Mail to a server of a test: a receiver for it, and what a hand-over may do."""

from __future__ import annotations

from typing import Any

import pytest

from notifiers.email import Notifier
from tests.servers import MailServer, ScriptedMailServer

SENDER = "Practice alerts <alerts@exampleshire.gov.uk>"


def receiver(server: MailServer | ScriptedMailServer, **changes: Any) -> Notifier:
    usual = {"type": "email", "host": "127.0.0.1", "port": server.port, "from": SENDER, "helo": "host.exampleshire.gov.uk"}
    if isinstance(server, ScriptedMailServer):
        usual |= {"security": "none", "timeout_s": 0.3, "after_dot_timeout_s": 0.3}
    else:
        usual |= {"ca_file": server.ca_file, "timeout_s": 5}
    return Notifier.model_validate(usual | changes)


def not_handed_over() -> None:
    pytest.fail("the message was handed over")


def say_nothing() -> None:
    """Take the news of the hand-over."""
