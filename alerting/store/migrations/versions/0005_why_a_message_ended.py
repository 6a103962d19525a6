"""Why a message that was not accepted ended as it did, as a value of its own: until here its answer began with it, in words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# By how the answer began, as the versions before this one wrote it; the first that fits.
_BEGINNINGS = {
    "superseded": "superseded by a newer message",
    "expired": "expired",
    "restored": "the store was restored",
    "not_posted": "not sent: the environment is",
    "bounced": "bounced: ",
    "no_receiver": "there is no",
    "not_rendered": "the message could not be put into words",
    "refused_before": "the address was refused on",
    "not_repeated": "handed over by a sender that then died",
    "broke_down": "the receiver broke down",
}
# What is left is the receiver's own answer, which begins as it pleases.
_OTHERWISE = {"failed": "refused", "unknown": "no_answer"}


def upgrade() -> None:
    """Add the reason of each message that has ended, and whether our own settings refused an address."""
    op.add_column("outbox", sa.Column("reason", sa.String(length=20), nullable=True))
    op.add_column("bad_address", sa.Column("ours", sa.Boolean(), nullable=False, server_default=sa.false()))
    outbox = sa.table("outbox", *(sa.column(name, sa.String()) for name in ("state", "answer", "reason")))
    of_ours = {reason: outbox.c.answer.startswith(beginning, autoescape=True) for reason, beginning in _BEGINNINGS.items()}
    of_theirs = {reason: outbox.c.state == state for state, reason in _OTHERWISE.items()}
    reason = sa.case(*((fits, reason) for reason, fits in (of_ours | of_theirs).items()))
    ended = outbox.c.state.in_(("cancelled", "failed", "unknown"))
    op.execute(outbox.update().where(ended).values(reason=reason))
    bad_address = sa.table("bad_address", sa.column("answer", sa.String()), sa.column("ours", sa.Boolean()))
    # Which source was read last is written in another way from now on, and would seem to be another: the next run notes it anew.
    state = sa.table("state", sa.column("name", sa.String()))
    op.execute(state.delete().where(state.c.name == "source"))
    op.execute(bad_address.update().where(bad_address.c.answer.startswith("not sent: ")).values(ours=True))
