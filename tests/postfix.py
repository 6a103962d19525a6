"""A real Postfix for the tests, in a folder of its own: it takes mail on loopback and passes all of it on to one relay."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import free_port

POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
AVAILABLE = POSTFIX is not None and hasattr(os, "geteuid") and os.geteuid() == 0 and Path("/usr/lib/postfix/sbin").is_dir()
"""Whether Postfix is installed as Debian installs it, and may be started: its master gives its rights away, so it begins as root."""
MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example.gov.uk
mydestination =
mynetworks = 127.0.0.0/8
smtpd_recipient_restrictions = permit_mynetworks, reject
local_recipient_maps =
alias_maps =
relayhost = [127.0.0.1]:{onwards}
"""
BOUNCES = """\
virtual_mailbox_domains = bounces.example.gov.uk
virtual_mailbox_base = {folder}
virtual_mailbox_maps = inline:{{ alerts@bounces.example.gov.uk={name}/ }}
virtual_uid_maps = static:{owner}
virtual_gid_maps = static:{owner}
"""
MASTER = """\
{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
pickup unix n - n 60 1 pickup
postlog unix-dgram n - n - 1 postlogd
"""


@contextmanager
def start_postfix(onwards: int, bounces: Path | None = None) -> Iterator[int]:
    """Start Postfix, passing everything on to a port of loopback; yield its own port, and stop it at the end of the block.

    bounces: a Maildir, whose owner is not root, for what comes to bounces.example.gov.uk.
    """
    # Its processes run as another user, and cannot see into pytest's own temporary folders.
    folder = Path(tempfile.mkdtemp(prefix="postfix"))
    folder.chmod(0o755)
    port = free_port()
    etc = folder / "etc"
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    main = MAIN.format(folder=folder, onwards=onwards)
    if bounces is not None:
        main += BOUNCES.format(folder=bounces.parent, name=bounces.name, owner=bounces.stat().st_uid)
    (etc / "main.cf").write_text(main, "utf-8")
    (etc / "master.cf").write_text(MASTER.format(port=port), "utf-8")
    control = [str(POSTFIX), "-c", str(etc)]
    subprocess.run([*control, "start"], check=True, capture_output=True, timeout=60)
    try:
        yield port
    finally:
        subprocess.run([*control, "stop"], check=True, capture_output=True, timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
