"""The least hardware that guard needs, at its ports: seven outputs, K, and a converter on a CAN hub.

Unlike those of the rig proper, its outputs can keep their level when their owner ends, as the kernel's gpio-leds do:
guard's start and the stand-alone make-safe handle that case. Everything that happens is recorded with its time.
"""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from v2h.canframe import PRE_BUS
from v2h.ports.can import pack_frame, unpack_frame
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output, line_name

OUTPUTS = {line_name(output): output for output in Output}
FALL_A_PER_S = 50.0


class Converter:
    """Answers SDO while it has mains; its current follows the set current, down at 50 A/s, up at once.

    obeys: False = it acknowledges a new current and keeps the old one.
    """

    def __init__(self) -> None:
        self.set_a, self.enabled, self.obeys, self.mains = 0.0, False, True, True
        self._amps, self._t = 0.0, 0.0

    def amps(self, now: float, closed: bool) -> float:
        if not (closed and self.mains):
            self._amps = 0.0
        elif abs(self.set_a) >= abs(self._amps):
            self._amps = self.set_a
        else:
            fall = FALL_A_PER_S * (now - self._t)
            self._amps = max(self.set_a, self._amps - fall) if self._amps > 0 else min(self.set_a, self._amps + fall)
        self._t = now
        return self._amps

    def answer(self, data: bytes, now: float, closed: bool) -> bytes | None:
        if not self.mains:
            return None
        amps = self.amps(now, closed)
        request = pre.parse_request(data)
        if isinstance(request, pre.WriteRequest):
            if request.index == pre.SET_AMPS.index and self.obeys:
                self.set_a = float(pre.SET_AMPS.value(request.raw))
            if request.index == pre.ENABLE.index:
                self.enabled = request.raw != b"\0\0"
            return pre.written_answer(request.index, request.sub)
        values = {pre.AMPS.index: amps, pre.SET_AMPS.index: self.set_a}
        raw = round(values.get(request.index, 0.0) * 10).to_bytes(2, "little", signed=True)
        return pre.read_answer(pre.DICTIONARY[request.index, request.sub], raw)


class TinyRig:
    """The server, on its own thread. holds: outputs keep their level when the connection closes."""

    def __init__(self, folder: Path, *, holds: bool) -> None:
        self.path, self._holds = folder / "rig.sock", holds
        self.levels, self.k_level = NONE, True
        self.broken: set[str] = set()
        """Chips that refuse a connection."""
        self.converter = Converter()
        self.switched: list[tuple[float, str, bool]] = []
        self.frames: list[tuple[float, int, bytes]] = []
        self.changed = threading.Condition()
        self._chips: dict[socket.socket, str] = {}
        self._nodes: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._chip_server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._chip_server.bind(str(self.path))
        self._can_server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._can_server.bind(str(folder / "can0.sock"))
        self.can_url = f"can:rig/{folder / 'can0.sock'}"
        for server, action in ((self._chip_server, self._new_chip), (self._can_server, self._new_node)):
            server.listen(16)
            self._selector.register(server, selectors.EVENT_READ, action)
        self._wake, self._waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def config(self) -> str:
        """The [hardware] table of a v2h.toml that points here."""
        return (
            f'[hardware]\npre_can = "{self.can_url}"\nk = "rig:{self.path}/k"\n'
            f'outputs = "rig:{self.path}/"\ncan_identity = false\n'
        )

    def set_k(self, on: bool) -> None:
        """The opto-coupler pulls the line low while K is on."""
        with self.changed:
            self.k_level = not on
            for chip, name in self._chips.items():
                if name == "k":
                    chip.send(bytes([self.k_level]))

    def wait(self, condition: Callable[[], object], timeout_s: float = 10.0) -> bool:
        """Wait until condition() holds; it is checked after every change."""
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0 or (not self.changed.wait(left) and not condition()):
                    return False
        return True

    def switched_at(self, name: str, level: bool, since: float) -> float:
        """Time of the first such switching after `since`; infinity if there is none."""
        return next((t for t, n, on in self.switched if n == name and on == level and t >= since), float("inf"))

    def written_at(self, data: bytes, since: float) -> float:
        """Time of the first such SDO request after `since`; infinity if there is none."""
        return next(
            (t for t, can_id, d in self.frames if can_id == pre.REQUEST_ID and d == data and t >= since), float("inf")
        )

    def unplug(self, name: str) -> None:
        """The chip of this output is gone; the output keeps its level."""
        with self.changed:
            for chip in [chip for chip, known in self._chips.items() if known == name]:
                self._selector.unregister(chip)
                del self._chips[chip]
                chip.close()

    def close(self) -> None:
        """Close everything: chips, K, the hub. A second call does nothing."""
        if not self._thread.is_alive():
            return
        self._waker.send(b"x")
        self._thread.join(5)
        for end in (*self._chips, *self._nodes, self._chip_server, self._can_server, self._wake, self._waker):
            end.close()
        self._selector.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                with self.changed:
                    key.data(key.fileobj)
                    self.changed.notify_all()

    def _new_chip(self, server: socket.socket) -> None:
        chip, _ = server.accept()
        name = chip.recv(64).decode()
        known = (name in OUTPUTS or name == "k") and name not in self.broken
        chip.send(b"ok" if known else b"no: only outputs and k here")
        self._chips[chip] = name
        self._selector.register(chip, selectors.EVENT_READ, self._chip)

    def _chip(self, chip: socket.socket) -> None:
        name = self._chips[chip]
        packet = _receive(chip, 64)
        if not packet:
            self._selector.unregister(chip)
            del self._chips[chip]
            chip.close()
            if name in OUTPUTS and not self._holds:
                self.switch(name, False)
        elif name == "k":
            chip.send(bytes([self.k_level]))
        else:
            if packet != b"?":
                self.switch(name, packet == b"\x01")
            with contextlib.suppress(OSError):  # the client was killed before its answer; the next read notices that
                chip.send(bytes([OUTPUTS[name] in self.levels]))

    def switch(self, name: str, on: bool) -> None:
        """Switch the line; a test may also do it without guard's knowledge."""
        output = OUTPUTS[name]
        if on != (output in self.levels):
            self.levels = self.levels | output if on else self.levels & ~output
            self.switched.append((time.monotonic(), name, on))
            self.converter.mains = Output.PRE_AC in self.levels

    def _new_node(self, server: socket.socket) -> None:
        node, _ = server.accept()
        self._nodes.append(node)
        self._selector.register(node, selectors.EVENT_READ, self._node)

    def _node(self, node: socket.socket) -> None:
        packet = _receive(node, 64)
        frame = unpack_frame(packet, 0.0, PRE_BUS) if packet else None
        if frame is None:
            self._selector.unregister(node)
            self._nodes.remove(node)
            node.close()
            return
        self._frame(node, frame.can_id, frame.data)

    def _frame(self, sender: socket.socket | None, can_id: int, data: bytes) -> None:
        now = time.monotonic()
        self.frames.append((now, can_id, data))
        packet = pack_frame(can_id, data)
        for node in self._nodes:
            if node is not sender:
                with contextlib.suppress(OSError):  # a node that has just closed, or does not read
                    node.send(packet, socket.MSG_DONTWAIT)
        if can_id == pre.REQUEST_ID:
            answer = self.converter.answer(data, now, self.levels & CONTACTORS == CONTACTORS)
            if answer is not None:
                self._frame(None, pre.ANSWER_ID, answer)


def _receive(end: socket.socket, size: int) -> bytes:
    """Receive; empty when the other side has closed or was killed."""
    try:
        return end.recv(size)
    except ConnectionError:
        return b""
