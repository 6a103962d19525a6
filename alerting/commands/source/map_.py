"""`alerting source map`: one of the council's words mapped to a code, or put on a list, in config.yaml."""

from __future__ import annotations

import click

from alerting.cli import build_app
from alerting.terminal import echo


@click.command("map")
@click.argument("what")
@click.argument("word")
@click.argument("meaning")
@click.pass_context
def command(ctx: click.Context, what: str, word: str, meaning: str) -> None:
    """Write into config.yaml what one of the council's words means, such as: map legal_status "S20 single" V2.

    WHAT is a code map (legal_status, placement_type, eligibility ...), with MEANING one of its codes; or `roles`, with
    allocated_social_worker_roles, allocated_roles, personal_adviser_roles or other_roles; or `flags`, with yes_words or no_words.
    Comments and layout of the file stay. `alerting source check` shows the words that are not understood.
    """
    from alerting.authoring.word_mapping import map_word

    app = build_app(ctx)
    done = map_word(app.loaded, app.book.settings, what, word, meaning)
    echo(f'"{word}" is {done.meaning} of {what} from the next run on. {done.file.name} now has:')
    for number, line in done.lines:
        echo(f"{number:>5}  {line}")
    if done.before:
        echo(f"Until now it was {done.before}: rules that go by it may open and end alerts.")
