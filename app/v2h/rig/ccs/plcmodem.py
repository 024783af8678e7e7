"""Simulated GreenPHY modems on one power line: the charger's, and those of one or more cars. Pure.

Each modem has a host behind it (an end of the medium). What is simulated, as far as programs notice it:

- SET_KEY to the own modem is confirmed; then the modem restarts for RESTART_S, and nothing passes through it.
- Messages of HomePlug (88E1) reach all other hosts. For every sound of a car, the charger's modem also reports to its
  host how much of it was lost.
- Everything else reaches only hosts whose modems have the same key.

Faults: `set_key_failed` (the modem answers 1, which the standard calls failed, and took the key all the same: so do
modems of Qualcomm, and Debian's `pev` takes 1 for success), `no_attenuation` (it reports nothing, as an AR7420), and
frames that are lost.
"""

from dataclasses import dataclass, field

from v2h.ccs.homeplug import (
    ETHERTYPE,
    GROUPS,
    LOCAL_MODEM,
    AttenProfileInd,
    Frame,
    SetKeyCnf,
    SetKeyReq,
    SoundInd,
    pack,
    unpack,
)

RESTART_S = 1.5
"""As seen at modems of the QCA7000 family."""
RIPPLE_DB = 7
"""The attenuation of neighbouring groups differs, up to this less 1 dB."""
CHARGER = 0
"""Number of the charger's end; the cars have the following ones."""
Delivery = tuple[int, bytes]
"""The end that receives, and the frame."""


@dataclass(slots=True)
class Modem:
    """One modem. loss_db: what the charger's modem loses of this one's sounds. keys: all that it was given, 16 bytes
    each; the last one holds."""

    loss_db: int = 20
    set_key_failed: bool = False
    no_attenuation: bool = False
    keys: list[bytes] = field(default_factory=list)
    ready_t: float = 0.0


@dataclass(slots=True)
class Medium:
    """The power line. modems: the charger's first. lose: (type of message, number of the frame from 0), which
    vanish."""

    modems: list[Modem]
    lose: set[tuple[int, int]] = field(default_factory=set)
    _seen: dict[int, int] = field(default_factory=dict)

    def take(self, now: float, end: int, data: bytes) -> list[Delivery]:
        """A host sends a frame to its modem. Returns what arrives where."""
        if len(data) < 14:
            return []
        frame = unpack(data)
        if frame is not None and isinstance(frame.message, SetKeyReq):
            return self._set_key(now, end, frame, frame.message)
        if data[:6] == LOCAL_MODEM:
            return []  # a question that this modem does not know
        homeplug = int.from_bytes(data[12:14], "big") == ETHERTYPE
        found = [(other, data) for other in self._others(now, end) if homeplug or self._same_key(end, other)]
        if frame is not None:
            count = self._seen.get(frame.message.TYPE, 0)
            self._seen[frame.message.TYPE] = count + 1
            if (frame.message.TYPE, count) in self.lose:
                return []
            if isinstance(frame.message, SoundInd) and CHARGER in [other for other, _ in found]:
                found += self._profile(end, frame)
        return found

    def _set_key(self, now: float, end: int, frame: Frame, request: SetKeyReq) -> list[Delivery]:
        modem = self.modems[end]
        if now < modem.ready_t:
            return []
        modem.keys.append(request.nmk)
        modem.ready_t = now + RESTART_S
        result = SetKeyCnf(int(modem.set_key_failed))
        return [(end, pack(Frame(frame.source, self.address(end), result)))]

    def _profile(self, end: int, frame: Frame) -> list[Delivery]:
        if self.modems[CHARGER].no_attenuation:
            return []
        loss_db = bytes(self.modems[end].loss_db + group % RIPPLE_DB for group in range(GROUPS))
        report = AttenProfileInd(frame.source, GROUPS, 0, loss_db)
        return [(CHARGER, pack(Frame(b"\xff" * 6, self.address(CHARGER), report)))]

    def address(self, end: int) -> bytes:
        """The own address of a modem."""
        return LOCAL_MODEM[:5] + bytes([0x10 + end])

    def _others(self, now: float, end: int) -> list[int]:
        ready = [number for number, modem in enumerate(self.modems) if now >= modem.ready_t]
        return [number for number in ready if number != end] if end in ready else []

    def _same_key(self, end: int, other: int) -> bool:
        own, others = self.modems[end].keys, self.modems[other].keys
        return bool(own) and own[-1:] == others[-1:]
