"""The commands: a file is a command, and offers it as `command`."""
