"""`alerting messages preview`: one message of a day as its reader would get it, without sending it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from alerting.cli import DAY, build_app, now, today
from alerting.formatting import listed
from alerting.terminal import echo

_FILE = click.Path(path_type=Path, dir_okay=False)
_ROLES = ("worker", "team_manager", "service_manager", "head_of_service", "performance", "director", "administrator", "channel")


@click.command()
@click.option("--recipient", help="Whose message: a worker id, address or name; team:ID for a team's channel.")
@click.option("--role", type=click.Choice(_ROLES), help="In place of a recipient: the fullest message to somebody of this role.")
@click.option(
    "--job", type=click.Choice(["daily", "weekly", "monthly"]), default="daily", show_default=True, help="Of which job."
)
@click.option("--as-of", "--day", "as_of", type=DAY, help="The business date; today when left out.")
@click.option("--html", "page", type=_FILE, help="Write it as a page.")
@click.option("--png", "picture", type=_FILE, help="Write it as a picture, 700 pixels wide; a browser must be there.")
@click.option("--text", "as_text", is_flag=True, help="Print its text and what is attached, as without --html and --png.")
@click.pass_context
def command(
    ctx: click.Context,
    recipient: str | None,
    role: str | None,
    job: str,
    as_of: datetime | None,
    page: Path | None,
    picture: Path | None,
    *,
    as_text: bool,
) -> None:
    """Show one message of a day as its reader would get it, or has got it, without sending it.

    What it says is what the run decides; what a message to administrators counts of a run is known only after it. It shows what
    its reader may know, a restricted child's record too. Reads the case data and the store; nothing is stored or sent.
    """
    if (recipient is None) == (role is None):
        raise click.UsageError("Say whose message with --recipient, or with --role.", ctx)
    from alerting import private_files
    from alerting.authoring.message_preview import ROLES, preview_message
    from alerting.authoring.paper import take_picture

    app = build_app(ctx)
    shown = preview_message(app, job, as_of.date() if as_of else today(app), now(), recipient=recipient, role=role)
    message = shown.message
    if page:
        private_files.write(page, message.html)
    if picture:
        take_picture(message.html, picture)
    for path in (page, picture):
        if path:
            echo(f"The message is in {path}", err=True)
    if as_text or not (page or picture):
        echo(f"Subject: {message.subject}\n\n{message.text}")
        for attached in message.attachments:
            echo(f"{attached.name}:\n\n{attached.content.decode('utf-8-sig')}")
    elif message.attachments:
        names = listed([attached.name for attached in message.attachments])
        echo(f"With it goes {names}: --text shows that too.", err=True)
    for problem in shown.problems:
        echo(problem.text, err=True)
    of_role = f", {ROLES[role]}" if role else ""
    others = f" {shown.others} more of that role {'has' if shown.others == 1 else 'have'} one." if role and shown.others else ""
    what = "A run of that day has planned it." if shown.is_planned else "No run has planned it yet."
    if not shown.is_planned and message.purpose in ("admin", "quality"):
        what += " What it counts of the run, of what is open and of how rules serve, is as it was before that run."
    echo(f"To {message.to_name}{of_role}. {what}{others} Nothing was sent.", err=True)
