"""`alerting deliveries`: what was sent to whom, and what became of it."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from alerting.cli import acting, build_app, now, today
from alerting.delivery.bounces import counted
from alerting.errors import ConfigError
from alerting.store import channel_checks
from alerting.store.messages import circuit_breaker
from alerting.store.messages.sent import STATES, list_messages
from alerting.terminal import echo, echo_json, echo_table


@click.group()
def command() -> None:
    """What was sent to whom, and what became of it."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--most", default=200, show_default=True, type=click.IntRange(1, 1_000_000), help="How many, newest first.")
@click.pass_context
def list_deliveries(ctx: click.Context, state: str | None, most: int, *, as_json: bool) -> None:
    """List the newest messages, without what stands in them."""
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            rows = list_messages(connection, [state] if state else (), most=most)
    finally:
        store.close()
    if as_json:
        echo_json([asdict(row) for row in rows])
        return
    echo_table(
        ["Planned", "For", "Purpose", "Receiver", "To", "State", "Attempts", "Answer"],
        [
            [
                f"{row.planned_at:%Y-%m-%d %H:%M}",
                row.as_of,
                row.purpose,
                row.receiver,
                row.name,
                row.state,
                row.attempts,
                row.answer,
            ]
            for row in rows
        ],
    )


@command.command("send")
@click.option(
    "--now", "at_once", is_flag=True, help="Do not wait for anything's time: try what was put off, and receivers at rest."
)
@click.option("--json", "as_json", is_flag=True, help="Print how many are in which state as one JSON value.")
@click.pass_context
def send_deliveries(ctx: click.Context, *, at_once: bool, as_json: bool) -> None:
    """Look for bounces, and send the messages that wait and whose time has come, without a run."""
    app = build_app(ctx)
    store = app.store()
    try:
        sender, moment = app.sender(store), now()
        if at_once:
            with store.transaction() as connection:
                sender.outbox.hurry(connection, moment)
        looked = app.bounces(sender).read(now)
        problems = [problem.text for problem in (*looked.problems, *sender.send_all(now))]
        problems += app.heartbeat().beat_late(today(app), store, now())
        counts = sender.outbox.outcomes(moment)
    finally:
        store.close()
    if as_json:
        echo_json({"messages": counts, "bounces": looked.counts, "problems": problems})
    else:
        echo("Messages: " + (", ".join(f"{count} {state}" for state, count in counts.items()) or "none waited"))
        if looked.counts:
            echo(f"Bounces: {counted(looked.counts)}")
        for problem in problems:
            echo(problem)
    sys.exit(1 if problems or counts.get("failed") or counts.get("waiting") else 0)


@command.command("refused")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
@click.pass_context
def list_refused(ctx: click.Context, *, as_json: bool) -> None:
    """List the receivers that are left alone for a while, and the addresses that are not tried any more, with what was answered."""
    store = build_app(ctx).store()
    try:
        with store.transaction() as connection:
            resting, bad = circuit_breaker.resting_receivers(connection).values(), circuit_breaker.refused_addresses(connection)
    finally:
        store.close()
    if as_json:
        echo_json({"receivers": [vars(one) for one in resting], "addresses": [vars(one) for one in bad]})
        return
    if not resting and not bad:
        echo("Nothing is refused.")
        return
    rows = [
        ["receiver", one.receiver, f"{one.opened_at:%Y-%m-%d %H:%M}", f"{one.next_at:%Y-%m-%d %H:%M}", one.answer]
        for one in resting
    ]
    rows += [
        [
            one.address,
            one.receiver,
            f"{one.since:%Y-%m-%d %H:%M}",
            f"{one.since + circuit_breaker.AGAIN_AFTER:%Y-%m-%d %H:%M}",
            one.answer,
        ]
        for one in bad
    ]
    echo_table(["Refused", "Receiver", "Since", "Tried again", "Answer"], rows)


@command.command("retry")
@click.argument("address")
@click.option("--by", required=True, help="Who says so.")
@click.option("--note", required=True, help="Why it will be taken now.")
@click.pass_context
def retry_address(ctx: click.Context, address: str, by: str, note: str) -> None:
    """Forget that an address was refused, so that the next message goes to it again."""
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            _, actor = acting(app, connection, by)
            known = circuit_breaker.try_again(connection, address, by=actor, note=note, now=now())
    finally:
        store.close()
    if not known:
        raise ConfigError("that address is not refused", remedy="`alerting deliveries refused` lists those that are.")
    echo(f"{address} is tried again with the next message ({', '.join(known)})")


@command.command("channels")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
@click.pass_context
def list_channels(ctx: click.Context, *, as_json: bool) -> None:
    """List the channels that cards are posted to: when one was last accepted, and when somebody last said that they see them."""
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            found = channel_checks.channels(connection, [receiver for receiver, _ in app.receivers().values()])
    finally:
        store.close()
    if as_json:
        echo_json([vars(channel) for channel in found])
    elif not found:
        echo("There are no channels.")
    else:
        rows = [[one.receiver, one.team, one.accepted_on or "never", one.seen_on or "never", one.seen_by] for one in found]
        echo_table(["Receiver", "Team", "Last accepted", "Last seen", "Said by"], rows)


@command.command("seen")
@click.argument("word")
@click.option("--by", required=True, help="Who has read it in the channel, or says who has.")
@click.pass_context
def note_seen(ctx: click.Context, word: str, by: str) -> None:
    """Write down that a channel's cards are seen there: WORD is that of its newest weekly check."""
    app = build_app(ctx)
    store = app.store()
    try:
        with store.transaction() as connection:
            channel = channel_checks.note_seen(connection, word, by=acting(app, connection, by)[1], now=now())
    finally:
        store.close()
    echo(f"Noted: the cards for team {channel.team} are seen ({channel.receiver}).")
