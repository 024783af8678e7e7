"""A capture of an Indra's two buses, played by the recorded charger's clock. Pure.

From the capture: the car's frames, K (follows 102.5.0, because no capture contains the line itself), the cable voltage
(the recorded 0x109), the converter's silence and status word (the recorded 0x5B0). From the rig's models: the
converter's volts and amps, which follow our setpoints, and the circuit connected to it. The recorded car does not react
to us: that proves order, bytes and limits, not control.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import itemgetter

from v2h.canframe import Frame
from v2h.capture.surroundings import Surroundings
from v2h.chademo import frames, limits
from v2h.pre import objects as pre
from v2h.rig.battery import Battery
from v2h.safety.outputs import Output

TAIL_S = 20.0
"""How long the session may go on after the recording's end."""
CAR_ENDS_WITHIN_S = 0.5
"""A car that sends until so shortly before the capture's end has been cut off by it."""


class AsRecorded(Surroundings):
    """The capture's car, cable and converter at the recorded times."""

    def __init__(self, capture: Sequence[Frame]) -> None:
        self._car = [frame for frame in capture if frame.can_id in frames.CAR_IDS]
        super().__init__(Battery(_last_soc_pct(self._car)), capture[-1].t + TAIL_S)
        self._cable = _Track(_cable_volts(capture))
        self._status = _Track(_status_words(capture))
        self._next = 0
        self._flag_closed = False
        self._cut_t = capture[-1].t
        self._cut = capture[-1].t - self._car[-1].t < CAR_ENDS_WITHIN_S

    def step(self, now: float) -> list[Frame]:
        self.over = self._cut and now > self._cut_t
        word = self._status.at(now)
        if self._status:
            self.pre.silent = word is None
            self.pre.forced_status = None if word is None else int(word)
        recorded_v = self._cable.at(now)
        empty = recorded_v is not None and recorded_v <= limits.BATTERY_PRESENT_V.value  # a car says so a second later
        self.circuit.set_car_contactors(now, self._flag_closed and Output.D2 in self.outputs and not empty)
        self.flow(now)
        due = []
        while self._next < len(self._car) and self._car[self._next].t <= now:
            due.append(self._car[self._next])
            self._next += 1
            self._follow(due[-1])
        return due

    def cable_v(self, now: float) -> float:
        recorded = self._cable.at(now)
        return self.circuit.cable_v if recorded is None else recorded

    def hear(self, can_id: int, data: bytes) -> None:
        """The recorded car does not listen."""

    def _follow(self, frame: Frame) -> None:
        if frame.can_id == 0x102:
            said = frames.decode(frame.can_id, frame.data)
            assert isinstance(said, frames.X102)
            self.k_on, self._flag_closed = said.charging_enabled, not said.contactors_open


class _Track:
    """A recorded quantity: the last value at or before a time."""

    def __init__(self, points: Iterator[tuple[float, float]]) -> None:
        self._points = list(points)

    def __bool__(self) -> bool:
        return bool(self._points)

    def at(self, t: float) -> float | None:
        index = bisect_right(self._points, t, key=itemgetter(0))
        return self._points[index - 1][1] if index else None


def _status_words(capture: Sequence[Frame]) -> Iterator[tuple[float, float]]:
    """(t, word) of every recorded answer to 2101; the first answer of any kind ends the silence with word 0902.

    The bits for running and sinking follow the recorded commands, not ours, and are left out. A word counts from the
    time of the poll before it: the converter changed some time between the two, and our session must not be ready for
    the recorded test voltage later than the recorded session was.
    """
    heard = False
    polled_t = 0.0
    for frame in capture:
        if frame.can_id != pre.ANSWER_ID:
            continue
        answer = pre.parse_answer(frame.data)
        if isinstance(answer, pre.ReadAnswer) and answer.index == pre.STATUS.index:
            yield (polled_t if heard else frame.t), float(pre.unexpected_status(int(pre.STATUS.value(answer.raw))))
            polled_t = frame.t
        elif not heard:
            yield frame.t, float(0x0902)
            polled_t = frame.t
        heard = True


def _cable_volts(capture: Sequence[Frame]) -> Iterator[tuple[float, float]]:
    """(t, volts) of every recorded 0x109."""
    for frame in capture:
        if frame.can_id == 0x109:
            said = frames.decode(frame.can_id, frame.data)
            assert isinstance(said, frames.X109)
            yield frame.t, float(said.present_v)


def _last_soc_pct(car_frames: Sequence[Frame]) -> float:
    """The SOC at the end of the recording, % (the frames of the first two seconds report 3, then 1)."""
    for frame in reversed(car_frames):
        said = frames.decode(frame.can_id, frame.data)
        if isinstance(said, frames.X102):
            return float(said.soc_pct)
    return 60.0
