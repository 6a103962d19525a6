"""Through a real Postfix, which passes the mail on to a relay: what comes out at the other end, also when the sender is killed."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests import postfix
from tests.crashes import council_of_teams, killing
from tests.relay import Relay, relay_process

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not postfix.AVAILABLE, reason="there is no Postfix on this machine, or it may not be started"),
]


def arrived(relay: Relay, copies: int) -> Counter[str]:
    """Return how often each message came out, by its Message-ID, once there are so many in all."""
    ends = time.monotonic() + 30
    while len(relay.mails()) < copies and time.monotonic() < ends:
        time.sleep(0.1)
    time.sleep(0.5)
    return Counter(mail.id for mail in relay.mails())


def test_what_postfix_took_from_one_that_was_killed_comes_out_twice_under_one_id_and_the_rest_once(tmp_path: Path) -> None:
    with relay_process(tmp_path / "mails") as relay, postfix.start_postfix(relay.port) as port, killing() as starts:
        behind = Relay(port=port, path=relay.path)
        office = council_of_teams(tmp_path / "council", f"sqlite:///{(tmp_path / 'alerting.db').as_posix()}", behind, teams=2)
        config = office.folder / "config.yaml"
        assert starts.run(config, "K6 behind the dot", 2).killed
        ended = starts.run(config)
        copies = arrived(relay, 9)

    assert ended.report["status"] == "done"
    assert sorted(copies.values()) == [1] * 7 + [2]
    [repeated] = [id_ for id_, count in copies.items() if count == 2]
    assert sorted(mail.repeat for mail in relay.mails() if mail.id == repeated) == [False, True]
    assert {mail.id for mail in relay.mails() if mail.repeat} == {repeated}
