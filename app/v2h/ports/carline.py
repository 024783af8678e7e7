"""Where a CCS car finds us and speaks to us: the discovery by UDP, and the TCP connection of one car.

The ports are fixed, so that the firewall opens no others. Only one car is connected at a time: while it is,
nothing listens for another one, and the kernel refuses it.
"""

import socket

from v2h.ccs.exi import LONGEST_B
from v2h.ccs.sdp import GROUP, PORT, TCP_PORT, read_request, response
from v2h.ccs.v2gtp import HEADER_B, Payload, V2gtpError, pack, take_messages
from v2h.ports.plc import link_local, listener, sdp_socket

MOST_QUESTIONS = 8
"""Discovery questions that one read() answers; a car asks four times a second."""


class CarLine:
    """The line to the cars on one interface. Raises OSError when the interface is absent or has no address yet.

    connected: a car is there. closed_why: why the last connection ended, "" while there was none. sockets() are what to
    wait for before read().
    """

    def __init__(self, interface: str) -> None:
        self._interface, self._buffer = interface, bytearray()
        self._car: socket.socket | None = None
        self._door: socket.socket | None = None
        self.closed_why = ""
        self._discovery = sdp_socket(interface, GROUP, PORT)
        try:
            self._door = listener(interface, TCP_PORT)
        except OSError:
            self._discovery.close()
            raise

    @property
    def connected(self) -> bool:
        return self._car is not None

    def sockets(self) -> list[socket.socket]:
        """The sockets that can wake us: the discovery, and the car or the door for one."""
        return [node for node in (self._discovery, self._door, self._car) if node is not None]

    def read(self) -> list[bytes]:
        """Answer the discovery, let a car in, and return the messages (EXI) that have come, in order.

        A wrong header, a payload that is too long, or the end of the connection closes it. Raises OSError when the
        interface is gone.
        """
        self._answer_discovery()
        self._accept()
        if self._car is None:
            return []
        try:
            data = self._car.recv(HEADER_B + LONGEST_B)
        except BlockingIOError:
            return []
        except OSError as error:
            self.hang_up(f"the connection broke: {error.strerror}")
            return []
        if not data:
            self.hang_up("the car closed the connection")
            return []
        self._buffer += data
        try:
            return take_messages(self._buffer)
        except V2gtpError as error:
            self.hang_up(str(error))
            return []

    def send(self, exi: bytes) -> None:
        """Send one message; a car that does not take it is hung up. Without a car nothing happens."""
        if self._car is None:
            return
        message = pack(Payload.EXI, exi)
        try:
            taken = self._car.send(message)
        except OSError as error:
            self.hang_up(f"the connection broke: {error.strerror}")
            return
        if taken < len(message):
            self.hang_up("the car does not read what we send")

    def hang_up(self, why: str) -> None:
        """Close the connection, and let the next car in. Raises OSError when the interface is gone."""
        if self._car is not None:
            self._car.close()
            self._car, self.closed_why = None, why
            self._buffer.clear()
            self._door = listener(self._interface, TCP_PORT)

    def close(self) -> None:
        for node in self.sockets():
            node.close()

    def _answer_discovery(self) -> None:
        for _ in range(MOST_QUESTIONS):
            try:
                question, asker = self._discovery.recvfrom(HEADER_B + LONGEST_B)
            except BlockingIOError:
                return
            if self._door is None:
                continue  # a car is connected, and another one would be refused
            try:
                read_request(question)
            except V2gtpError:
                continue
            port = self._door.getsockname()[1]
            self._discovery.sendto(response(link_local(self._interface), port), asker)

    def _accept(self) -> None:
        if self._door is None:
            return
        try:
            self._car, _ = self._door.accept()
        except BlockingIOError:
            return
        self._car.setblocking(False)
        self._car.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._door.close()
        self._door = None
