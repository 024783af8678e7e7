"""The server of the predecessor's WebSocket, in the program's own loop.

A client that sends too much, or does not read, is disconnected; the page reconnects by itself.
"""

import contextlib
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from v2h.bus.messages import Reply
from v2h.config.neighbours import OldPage
from v2h.gateway import frames, predecessor
from v2h.gateway.frames import Decoder, ProtocolError
from v2h.gateway.house import House
from v2h.gateway.notices import Limiter
from v2h.gateway.old_records import Wanted
from v2h.gateway.shell.commander import Give
from v2h.runtime.program import Program

MOST_LINKS, MOST_OF_ONE = 16, 8
"""Connections of all clients, and of one address: a page that forgets its connections shuts out nobody else."""
MOST_WAITING = 512
"""Answers that may wait for one that manager gives."""
MOST_UNSENT_B = 65_536
OPEN_WITHIN_S, SILENT_S = 10.0, 120.0
"""Its pages ask every 3 or 5 s."""
BURST, EACH_S = 60, 0.05
"""Answers to what a client reads; the rest is answered ERROR, because its static page begins a timer at each connection
and ends none. A command is always carried out."""
FLOOD, FLOOD_EACH_S = 1000, 0.005
"""Messages after which a client is disconnected."""
ROWS_BURST, ROWS_EACH_S = 5, 2.0
"""Answers from the log, of all clients: one takes a part of a second on the board."""
Rows = Callable[[Wanted], str]
"""Reads the log and returns the answer. Raises OSError."""


@dataclass(slots=True)
class Slot:
    """The place of an answer; None while it is not known."""

    text: str | None


@dataclass(slots=True)
class Link:
    """One client. opened: after the handshake. may_change: whether it may command."""

    socket: socket.socket
    address: str
    heard_t: float
    request: bytearray = field(default_factory=bytearray)
    decoder: Decoder = field(default_factory=Decoder)
    opened: bool = False
    may_change: bool = False
    slots: deque[Slot] = field(default_factory=deque)
    unsent: bytearray = field(default_factory=bytearray)
    limiter: Limiter = field(default_factory=lambda: Limiter(BURST, EACH_S))
    flood: Limiter = field(default_factory=lambda: Limiter(FLOOD, FLOOD_EACH_S))


def token_of(target: str) -> str:
    """The token in the query of an address, "" without one."""
    try:
        return parse_qs(urlsplit(target).query).get("token", [""])[0]
    except ValueError:
        return ""


def is_of_the_house(origin: str) -> bool:
    """Whether a page of this origin may look, and command for a client that is listed. "" is a program. Any site of the
    world may open a WebSocket in a browser of the house. A page that was opened as a file has the origin "null", as a
    foreign one in a frame may have: it needs the token."""
    try:
        host = urlsplit(origin).hostname or ""
    except ValueError:
        return False
    return not origin or predecessor.is_local(host)


class OldPageServer:
    """All `now` are monotonic seconds. reading_open: whether everyone in the network may look."""

    def __init__(
        self, program: Program, spec: OldPage, house: House, give: Give, rows: Rows, *, reading_open: bool
    ) -> None:
        """Raises OSError if the address cannot be used."""
        self._program, self._spec, self._house, self._give, self._rows = program, spec, house, give, rows
        self._rows_limiter = Limiter(ROWS_BURST, ROWS_EACH_S)
        self._reading_open = reading_open
        self._listed = {word.strip() for word in spec.clients.split(",") if word.strip()}
        self._links: dict[int, Link] = {}
        host, _, port = spec.listen.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        self._server = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=MOST_LINKS)
        self._server.setblocking(False)
        program.watch(self._server, self._accept)

    def look(self, now: float) -> None:
        """Call twice a second: send what is left, and close what is silent."""
        for link in list(self._links.values()):
            self._flush(link)
            if now - link.heard_t > (SILENT_S if link.opened else OPEN_WITHIN_S):
                self._close(link)

    def close(self) -> None:
        for link in list(self._links.values()):
            self._send(link, frames.closing(frames.NORMAL))
            self._close(link)
        self._program.unwatch(self._server.fileno())
        self._server.close()

    def _accept(self, now: float) -> None:
        with contextlib.suppress(OSError):
            client, address = self._server.accept()
            name = str(address[0]).removeprefix("::ffff:")
            same = sum(link.address == name for link in self._links.values())
            if len(self._links) >= MOST_LINKS or same >= MOST_OF_ONE:
                client.close()
                return
            client.setblocking(False)
            link = Link(client, name, now)
            self._links[client.fileno()] = link
            self._program.watch(client, lambda now: self._read(link, now))

    def _read(self, link: Link, now: float) -> None:
        try:
            data = link.socket.recv(16_384)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._close(link)
            return
        try:
            if link.opened:
                self._take(link, data, now)
            else:
                self._open(link, data, now)
        except ProtocolError as error:
            self._send(link, frames.closing(error.code) if link.opened else b"HTTP/1.1 400 Bad Request\r\n\r\n")
            self._close(link)

    def _open(self, link: Link, data: bytes, now: float) -> None:
        link.request += data
        found = frames.opening(bytes(link.request))
        if found is None:
            return
        of_the_house = is_of_the_house(found.origin)
        listed = of_the_house and link.address in self._listed
        link.may_change = listed or frames.is_same(token_of(found.target), self._spec.token)
        may_look = link.may_change or (self._reading_open and of_the_house)
        if not may_look:
            raise ProtocolError(frames.PROTOCOL, "only the owner may look")
        rest = bytes(link.request).partition(b"\r\n\r\n")[2]
        link.opened, link.heard_t = True, now
        link.request.clear()
        self._send(link, found.answer)
        if rest:
            self._take(link, rest, now)

    def _take(self, link: Link, data: bytes, now: float) -> None:
        """Raises ProtocolError."""
        for opcode, payload in link.decoder.feed(data):
            link.heard_t = now
            if opcode == frames.CLOSE:
                self._send(link, frames.closing(frames.NORMAL))
                self._close(link)
                return
            if not link.flood.may(now) or len(link.slots) >= MOST_WAITING:
                raise ProtocolError(frames.TOO_BIG, "too many messages")
            if opcode == frames.PING:
                self._send(link, frames.frame(frames.PONG, payload))
            elif opcode == frames.TEXT:
                self._answer(link, payload, now)
        self._tell(link)

    def _answer(self, link: Link, payload: bytes, now: float) -> None:
        text = payload.decode(errors="replace")
        may_look = link.limiter.may(now)
        turn = predecessor.turn(text, self._house, now, may_change=link.may_change, may_look=may_look)
        slot = Slot(turn.answer if turn.rows is None else self._records(turn.rows, now))
        link.slots.append(slot)
        if turn.order is not None:
            self._give(turn.order, now, self._done(link, slot))

    def _records(self, rows: Wanted, now: float) -> str:
        if not self._rows_limiter.may(now):
            return predecessor.ERROR
        try:
            return self._rows(rows)
        except OSError:
            return predecessor.ERROR

    def _done(self, link: Link, slot: Slot) -> Callable[[Reply | None, str], None]:
        def done(reply: Reply | None, why: str) -> None:
            if slot.text is None:
                slot.text = predecessor.OK if reply is not None and reply.ok else predecessor.ERROR
                self._tell(link)

        return done

    def _tell(self, link: Link) -> None:
        """Send the answers that are known, in the order of the requests."""
        while link.slots and link.slots[0].text is not None:
            text = link.slots.popleft().text
            self._send(link, frames.frame(frames.TEXT, (text or "").encode()))

    def _send(self, link: Link, data: bytes) -> None:
        if link.socket.fileno() < 0:
            return
        link.unsent += data
        self._flush(link)
        if len(link.unsent) > MOST_UNSENT_B:
            self._close(link)

    def _flush(self, link: Link) -> None:
        try:
            while link.unsent and link.socket.fileno() >= 0:
                del link.unsent[: link.socket.send(link.unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._close(link)

    def _close(self, link: Link) -> None:
        fileno = link.socket.fileno()
        if fileno >= 0 and self._links.pop(fileno, None) is not None:
            self._program.unwatch(fileno)
            link.socket.close()
