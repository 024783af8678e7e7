"""The converter's client and a byte-level model of the converter, in virtual time."""

from dataclasses import dataclass, field

from v2h.pre import objects as pre
from v2h.pre.client import PreClient

LATENCY_S = 0.00035  # median of 2676 answers in CAP1


def blank_objects() -> dict[tuple[int, int], bytes]:
    values = {key: bytes(entry.size) for key, entry in pre.DICTIONARY.items()}
    for entry, text in ((pre.DEVICE_NAME, b"VG6 "), (pre.HARDWARE, b"4.00"), (pre.SOFTWARE, b"3.02")):
        values[entry.index, entry.sub] = text
    return values


@dataclass
class Bench:
    """A client and a byte-level converter. deaf: requests are lost; mute: it obeys, but its answers are lost."""

    client: PreClient = field(default_factory=PreClient)
    objects: dict[tuple[int, int], bytes] = field(default_factory=blank_objects)
    now: float = 0.0
    deaf: bool = False
    mute: bool = False
    lose_writes: int = 0
    sent: list[tuple[float, bytes]] = field(default_factory=list)

    def reply(self, data: bytes) -> bytes:
        request = pre.parse_request(data)
        key = request.index, request.sub
        if isinstance(request, pre.WriteRequest):
            self.objects[key] = request.raw
            return pre.written_answer(*key)
        return pre.read_answer(pre.DICTIONARY[key], self.objects[key])

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            request = self.client.next_request(self.now)
            if request is None:
                due = self.client.next_due(self.now)
                assert due > self.now, "would spin"
                self.now = min(due, end)
                continue
            self.sent.append((self.now, request))
            lost = self.deaf
            if request[0] == pre.WRITE_2 and self.lose_writes:
                self.lose_writes -= 1
                lost = True
            if not lost:
                answer = self.reply(request)
                if not self.mute:
                    self.now += LATENCY_S
                    assert self.client.answer(answer, self.now)

    def set(self, entry: pre.Entry, raw: int) -> None:
        self.objects[entry.index, entry.sub] = raw.to_bytes(entry.size, "little", signed=entry.signed)

    def holds(self, entry: pre.Entry) -> pre.Value:
        return entry.value(self.objects[entry.index, entry.sub])

    def since(self, t: float) -> list[bytes]:
        return [data for sent_t, data in self.sent if sent_t >= t]

    def running(self, volts_v: float, amps_a: float) -> "Bench":
        self.client.set_target(volts_v, amps_a)
        self.client.enable(True)
        self.run(1.0)
        assert self.client.telemetry.set_amps_a == amps_a
        return self
