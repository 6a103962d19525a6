"""When a rule that was tried first may go live, and how config.yaml says that it is."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from alerting import private_files
from alerting.config import Loaded
from alerting.documents.additions import add_items, as_block
from alerting.errors import ConfigError
from alerting.notifications.rule_quality import RuleQuality

_UNLESS_SET: Mapping[str, Any] = {"promote_share": 0.9, "promote_judged": 20}
_PATH = ("rules", "promoted")


def refusal(row: RuleQuality, params: Mapping[str, Any]) -> str | None:
    """Return why a rule may not go live by what was judged of it; None where it may.

    Of its alerts so many must have been judged as `promote_judged` says, or all where it has fewer, and of those the share
    `promote_share` right. Those of which only some may know are left out.
    """
    if row.fired and row.fired == row.counted:
        return "only some may know of its alerts, so that none was judged"
    settings = {**_UNLESS_SET, **{name: value for name, value in params.items() if name in _UNLESS_SET}}
    needed, least = min(int(settings["promote_judged"]), row.fired - row.counted), Fraction(str(settings["promote_share"]))
    if row.judged < needed:
        return f"{row.judged} of its alerts were judged, and {needed} must be"
    if row.judged and Fraction(row.right, row.judged) < least:
        return f"{row.right} of {row.judged} were judged right, and {float(least):.0%} must be"
    return None


def promote(loaded: Loaded, code: str) -> Path:
    """Write into config.yaml that a rule is live, and return the file. Raises ConfigError, having written nothing, where it cannot."""
    path = Path(loaded.document.file).resolve()
    raw = path.read_bytes()
    mark = codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
    changed = add_items(raw.removeprefix(mark).decode(), _PATH, [code])
    if changed is None:
        raise ConfigError(
            f"{path.name} is written in a way in which this cannot be added safely; nothing was written",
            remedy=f"Write it yourself:\n{as_block(_PATH, [code], 4)}",
        )
    try:
        private_files.write(path, mark + changed.encode(), keep_rights=True, lasting=True)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror})", remedy="Nothing was changed.") from None
    return path
