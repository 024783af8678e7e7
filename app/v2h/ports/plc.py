"""The interface of the GreenPHY modem (plc0): raw frames for matching, and the sockets on which a CCS car finds us.

The only place with packet sockets (AF_PACKET). They need CAP_NET_RAW, the other sockets need nothing. Everything here
is bound to the one interface and to its link-local address, so that no other network reaches it.
"""

import errno
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

INTERFACE = "plc0"
"""The modem's interface, by the name that it has on the board."""
LONGEST_B = 2048
"""Longer than any frame of Ethernet."""
IF_INET6 = Path("/proc/net/if_inet6")
LINK_SCOPE = 0x20
ALL_FRAMES = 0x0003
"""ETH_P_ALL of linux/if_ether.h."""


class PlcPort:
    """The frames of one Ethernet type on one interface. mac: the interface's own address, 6 bytes.

    Frames to other addresses are among those received: an interface may be promiscuous. Raises OSError when the
    interface is absent, goes down or does not take a frame, PermissionError without CAP_NET_RAW.
    """

    def __init__(self, interface: str, ethertype: int) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ethertype))
        try:
            self._socket.bind((interface, ethertype))
            self._socket.setblocking(False)
            self.mac: bytes = self._socket.getsockname()[4]
        except OSError:
            self._socket.close()
            raise

    def send(self, frame: bytes) -> None:
        self._socket.send(frame)

    def frames(self) -> Iterator[bytes]:
        """The frames that have arrived and are not read yet, without those that this machine sends."""
        while True:
            try:
                frame, (_, _, kind, *_) = self._socket.recvfrom(LONGEST_B)
            except BlockingIOError:
                return
            if kind != socket.PACKET_OUTGOING:
                yield frame

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()


def link_local(interface: str, table: Path = IF_INET6) -> bytes:
    """The link-local IPv6 address of an interface, 16 bytes. Raises OSError (EADDRNOTAVAIL) when it has none."""
    for line in table.read_text(encoding="ascii").splitlines():
        address, _, _, scope, _, name = line.split()
        if name == interface and int(scope, 16) == LINK_SCOPE:
            return bytes.fromhex(address)
    raise OSError(errno.EADDRNOTAVAIL, f"{interface} has no link-local IPv6 address; is the interface up?")


def sdp_socket(interface: str, group: str, port: int) -> socket.socket:
    """A UDP socket that receives the cars' multicast on this interface only, and answers from the same port.

    Raises OSError when the interface is absent.
    """
    index = socket.if_nametoindex(interface)
    node = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        node.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        node.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        node.bind(("::", port))
        member = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
        node.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        node.setblocking(False)
    except OSError:
        node.close()
        raise
    return node


def listener(interface: str, port: int = 0) -> socket.socket:
    """A TCP socket for one car, on the link-local address of this interface. port 0: any free one.

    Close it after the first accept(): the kernel then refuses a second car, and the connection of the first lives on.
    Raises OSError when the interface is absent or has no address yet.
    """
    address = socket.inet_ntop(socket.AF_INET6, link_local(interface))
    node = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    try:
        node.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        node.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        node.bind((address, port, 0, socket.if_nametoindex(interface)))
        node.listen(1)
        node.setblocking(False)
    except OSError:
        node.close()
        raise
    return node
