"""Client of the rig's socket: one connection is one chip, one packet is one transaction.

A Unix seqpacket socket. The first packet names the chip ("stpm3x", "ad7327", "pca9552", "fan", "buttons", "k", or an
output such as "c1") and is answered b"ok", or b"no: REASON". What follows depends on the kind of chip:

=========  ===================================  ==========================================
kind       packet to the rig                    packet from the rig
=========  ===================================  ==========================================
SPI        n, then n bytes on MOSI a CS period  as many bytes of MISO
I2C        byte n, then the bytes written       b"\\x06" and n bytes read, or b"\\x15" for no ACK
output     b"?", b"\\x00" or b"\\x01"             level, b"\\x00" or b"\\x01"
input      b"?"                                 level; and by itself a packet at every edge
PWM        one byte, duty 0 to 255              the same byte
keys       nothing                              b"NAME 1" on press and b"NAME 0" on release
=========  ===================================  ==========================================

An output goes low when its connection closes, as a GPIO line held through the character device does on gpio-omap.
"""

import socket

REPLY_TIMEOUT_S = 1.0
MAX_PACKET = 4096


class RigLinkError(OSError):
    """The rig is gone, silent, or does not know the chip."""


class RigLink:
    """One open connection to one simulated chip. Raises RigLinkError."""

    def __init__(self, path_and_chip: str) -> None:
        path, _, chip = path_and_chip.rpartition("/")
        self.chip = chip
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(REPLY_TIMEOUT_S)
        try:
            self._socket.connect(path)
            answer = self.transact(chip.encode())
        except OSError as error:
            self._socket.close()
            raise RigLinkError(f"rig chip {chip!r} at {path}: {error}") from error
        if answer != b"ok":
            self._socket.close()
            raise RigLinkError(f"rig chip {chip!r} at {path}: {answer.decode(errors='replace')}")

    def transact(self, packet: bytes) -> bytes:
        """Send one packet and return the next one from the rig."""
        self._socket.send(packet)
        return self.receive()

    def receive(self) -> bytes:
        """Next packet from the rig; raises RigLinkError when it closed the connection or is silent for 1 s."""
        try:
            packet = self._socket.recv(MAX_PACKET)
        except OSError as error:
            raise RigLinkError(f"rig chip {self.chip!r}: no answer within {REPLY_TIMEOUT_S} s") from error
        if not packet:
            raise RigLinkError(f"rig chip {self.chip!r}: connection closed")
        return packet

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()
