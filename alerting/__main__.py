"""`python -m alerting`, and the `alerting` command."""

from __future__ import annotations

from alerting.commands import cli


def main() -> None:
    """Run the command line."""
    cli(prog_name="alerting")


if __name__ == "__main__":
    main()
