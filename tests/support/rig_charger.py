"""A small scripted charger for the rig's own tests: it acts correctly at the correct time and checks nothing."""

from collections.abc import Callable, Iterator

from v2h.chademo.frames import X102, X108, X109, X200, X208, X209, decode, encode
from v2h.pre import objects
from v2h.rig.plant import Plant
from v2h.safety.outputs import CONTACTORS, NONE, Output

STEP_S = 0.02


class ScriptedCharger:
    """Drives a Plant in virtual time; run() steps until a condition holds."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.now = plant.now
        self.x102, self.x200 = X102(), X200()
        self.heard = False
        self.sent_102: list[tuple[float, str]] = []
        self.locked = self.flowing = False
        self.stop = True
        self.welding_seen = False
        self.available_a = 15
        self.talk = True
        self._evse_due = 0.0

    def sdo(self, request: bytes) -> bytes:
        """Send one request and return its answer."""
        answer = self.plant.pre_request(self.now, request)
        assert answer is not None, "the PRE is silent"
        return answer

    def read(self, entry: objects.Entry) -> float:
        answer = objects.parse_answer(self.sdo(objects.read_request(entry)))
        assert isinstance(answer, objects.ReadAnswer)
        value = entry.value(answer.raw)
        assert not isinstance(value, str)
        return value

    def set_pre(self, volts_v: float, amps_a: float) -> None:
        assert self.sdo(objects.write_volts(volts_v))[0] == objects.WRITTEN
        assert self.sdo(objects.write_amps(amps_a))[0] == objects.WRITTEN

    def outputs(self, on: Output = NONE, off: Output = NONE) -> None:
        for output in Output:
            if output in on | off:
                self.plant.set_output(output, output in on)

    def step(self) -> None:
        self.now = round(self.now + STEP_S, 6)
        self.plant.step(self.now)
        for can_id, data in self.plant.car_frames_due(self.now):
            self.heard = True
            if can_id == 0x102:
                frame = decode(can_id, data)
                assert isinstance(frame, X102)
                if frame != self.x102:
                    self.sent_102.append((self.now, f"{data[5]:02x}"))
                self.x102 = frame
            elif can_id == 0x200:
                other = decode(can_id, data)
                assert isinstance(other, X200)
                self.x200 = other
        if self.heard and self.talk and self.now >= self._evse_due:
            self._evse_due = self.now + 0.0999
            self._send_evse()

    def _send_evse(self) -> None:
        plant = self.plant
        amps_a = plant.pre.out_a
        frames = (
            X108(available_v=500, available_a=self.available_a, threshold_v=435),
            X109(
                present_v=round(plant.sensed_v),
                present_a=round(max(0.0, amps_a)),
                charging=self.flowing,
                connector_locked=self.locked,
                stop_control=self.stop,
            ),
            X208(
                present_discharge_current_a=round(max(0.0, -amps_a)),
                available_input_v=500,
                available_input_a=self.available_a,
                lower_threshold_v=250,
            ),
            X209(remaining_discharge_min=5 if self.flowing else 0),
        )
        for frame in frames:
            plant.evse_frame(self.now, *encode(frame))

    def run(self, condition: Callable[[], bool], limit_s: float) -> float:
        """Step until condition(); returns the seconds it took and fails after limit_s."""
        start = self.now
        while not condition():
            assert self.now - start < limit_s, f"not reached within {limit_s} s at {self.now:.2f} s"
            self.step()
        return self.now - start

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        self.run(lambda: self.now >= end, seconds + 1)

    def phases(self) -> Iterator[str]:
        """The normal sequence from idle to energy flow, one name per phase."""
        plant = self.plant
        self.outputs(on=Output.MASTER | Output.D1 | Output.PRE_AC)
        self.run(lambda: self.heard, 1)
        yield "car heard"
        self.run(lambda: plant.k_on and self.x102.charging_enabled, 8)
        yield "permitted"
        self.run(lambda: plant.pre_request(self.now, objects.read_request(objects.STATUS)) is not None, 8)
        self.run(lambda: self.read(objects.STATUS) == 0, 10)
        assert self.sdo(objects.write_enable(True))[0] == objects.WRITTEN
        self.set_pre(0, 0)
        yield "converter ready"
        self.outputs(on=Output.PLUG_LOCK)
        self.locked = True
        self.wait(0.3)
        self.outputs(on=CONTACTORS)
        self.set_pre(500, 1)
        self.run(lambda: plant.sensed_v > 490, 3)
        yield "insulation"
        self.set_pre(500, -0.2)
        self.run(lambda: plant.sensed_v < 10, 3)
        self.set_pre(0, 0)
        self.wait(0.3)
        self.outputs(off=CONTACTORS)
        self.outputs(on=Output.D2)
        self.run(lambda: not self.x102.contactors_open, 4)
        yield "car closed"
        self.wait(0.4)
        self.set_pre(plant.sensed_v + 8, 1)
        self.run(lambda: abs(plant.pre.out_v - plant.sensed_v) < 15 and plant.pre.out_v > 100, 3)
        self.set_pre(plant.sensed_v, 0)
        self.outputs(on=CONTACTORS)
        yield "joined"
        self.run(lambda: self.x102.charge_current_request_a > 0, 4)
        self.flowing, self.stop = True, False
        yield "flow"

    def start(self) -> None:
        for _ in self.phases():
            pass

    def end(self) -> None:
        """The normal stop."""
        self.set_pre(410, 0)
        self.stop = True
        self.run(lambda: not self.x102.charging_enabled, 1)
        self.run(lambda: abs(self.plant.pre.out_a) <= 2, 2)
        self.flowing = False
        self.set_pre(410, -0.2)
        self.run(lambda: self.x102.contactors_open, 10)
        self.welding_seen = True
        self.outputs(off=Output.D2)
        self.wait(0.5)
        self.run(lambda: self.plant.sensed_v < 10, 5)
        self.set_pre(0, 0)
        self.outputs(off=CONTACTORS | Output.PLUG_LOCK | Output.D1)
        self.locked = False
        self.outputs(off=Output.PRE_AC)
