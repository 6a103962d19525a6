"""Every command there is, as the command line offers it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from alerting.commands import cli


def every_command(command: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Return each command that does something, by the words that name it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                yield from every_command(found, (*path, name))
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command


COMMANDS = dict(every_command())
