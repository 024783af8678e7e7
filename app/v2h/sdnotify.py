"""Words to systemd, as sd_notify(3) says them: one datagram to the socket it has named."""

import contextlib
import os
import socket


def notify(words: str) -> None:
    """Say "KEY=value" lines to the service manager; nothing where there is none, or it is too busy to listen."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    to_systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with to_systemd, contextlib.suppress(OSError):  # whoever feeds a watchdog speaks again soon
        to_systemd.sendto(words.encode(), address)
