"""Messages to systemd, as sd_notify(3) sends them: one datagram to the socket that systemd has named."""

import contextlib
import os
import socket


def notify(words: str) -> None:
    """Send "KEY=value" lines to the service manager. Does nothing without a service manager, or while it is too busy to
    read."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    to_systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with to_systemd, contextlib.suppress(OSError):  # the watchdog is fed again soon
        to_systemd.sendto(words.encode(), address)
