"""The PRE 6 kW converter as capture CAP1 recorded it: start sequence, expedited SDO, ramps. Pure.

Stated plant: a new current setpoint takes effect after 0.2 s, then the current changes by 30 A/s away from zero and
55 A/s towards it; the voltage setpoint is a ceiling for charging, reached at 1000 V/s; efficiency 96 % both ways, and
15 W of own consumption while AC is on.
"""

from collections import deque
from collections.abc import Callable

from v2h.pre import objects
from v2h.pre.objects import Status

SILENT_S = 1.0
"""No answer for this time after AC on (CAP1: the first poll went unanswered, the retry 1.003 s later was answered)."""
BOOT_S = 5.2
"""Status 0902 for this time from the first answer, then ..."""
SELF_TEST_S = 1.5
"""... 0800 for this time, then 0000."""
BOOT_STATUS = int(Status.STARTING_1 | Status.STARTING_8 | Status.STARTING_11)
SELF_TEST_STATUS = int(Status.STARTING_11)

DEAD_TIME_S = 0.2
AWAY_A_PER_S = 30.0
BACK_A_PER_S = 55.0
CEILING_V_PER_S = 1000.0
EFFICIENCY = 0.96
OWN_USE_W = 15.0
AMBIENT_C = 25.0
HEATING_C_PER_W = 0.008
"""In still air; the fan at full speed removes 60 % of it."""
THERMAL_S = 600.0

UNKNOWN_OBJECT = 0x06020000
UNKNOWN_SUB = 0x06090011
READ_ONLY = 0x06010002
OUT_OF_RANGE = 0x06090030
UNKNOWN_COMMAND = 0x05040001
WRONG_LENGTH = 0x06070010


def _key(entry: objects.Entry) -> int:
    return entry.index | entry.sub << 16


class Pre:
    """One converter. It takes AC, requests and the measured output; demand_a and ceiling_v are for the circuit."""

    def __init__(self) -> None:
        self.ac_on_t: float | None = None
        self.forced_status: int | None = None
        """The status word of a recording, in place of the model's own start sequence (replay)."""
        self.silent = False
        self.lossless = False
        """No losses, as in the stated plant of the matching bench."""
        self.deaf = False
        """Writes are acknowledged and change nothing."""
        self.enabled = False
        self.set_v = self.set_a = 0.0
        self.target_a = self.demand_a = self.ceiling_v = 0.0
        self.out_v = self.out_a = 0.0
        self.temperature_c = 30.0
        self.fan_duty = 0.0
        self.grid_v = 230.0
        self._pending: deque[tuple[float, float]] = deque()

    def set_ac(self, now: float, on: bool) -> None:
        """Switch the AC contactor. Off: the output stops at once and the module loses all its settings."""
        if on and self.ac_on_t is None:
            self.ac_on_t = now
        elif not on and self.ac_on_t is not None:
            self.ac_on_t = None
            self.set_v = self.set_a = 0.0
            self._output_off()
            self.enabled = False

    def status(self, now: float) -> int:
        """The status word 2101."""
        if self.ac_on_t is None:
            return 0
        word = self.forced_status
        if word is None:
            age_s = now - self.ac_on_t - SILENT_S
            if age_s < BOOT_S:
                return BOOT_STATUS
            if age_s < BOOT_S + SELF_TEST_S:
                return SELF_TEST_STATUS
            word = 0
            if self.enabled:
                word = int(Status.RUNNING | Status.SINKING) if self.target_a < 0 else int(Status.RUNNING)
        return word

    def step(self, now: float, dt_s: float) -> None:
        """Change demand_a and ceiling_v over dt_s."""
        step_s = dt_s
        pending = self._pending
        while pending and pending[0][0] <= now:
            self.target_a = pending.popleft()[1]
        if not self.enabled:
            return
        target_a, demand_a = self.target_a, self.demand_a
        while demand_a != target_a and dt_s > 0.0:
            back = demand_a > 0.0 > target_a - demand_a or demand_a < 0.0 < target_a - demand_a
            goal_a = target_a
            if back and target_a * demand_a < 0.0:
                goal_a = 0.0
            rate = BACK_A_PER_S if back else AWAY_A_PER_S
            gap_a = abs(goal_a - demand_a)
            if gap_a > rate * dt_s:
                demand_a += rate * dt_s if goal_a > demand_a else -rate * dt_s
                break
            demand_a = goal_a
            dt_s -= gap_a / rate
        self.demand_a = demand_a
        if self.ceiling_v != self.set_v:
            base_v = max(self.ceiling_v, self.out_v)
            self.ceiling_v = min(self.set_v, base_v + CEILING_V_PER_S * step_s)

    def ac_w(self) -> float:
        """Power at the AC side; + is drawn from the house."""
        if self.ac_on_t is None:
            return 0.0
        dc_w = self.out_v * self.out_a
        if self.lossless:
            return dc_w
        return OWN_USE_W + (dc_w / EFFICIENCY if dc_w > 0 else dc_w * EFFICIENCY)

    def warm(self, dt_s: float) -> None:
        """Let the temperature follow the load for dt_s."""
        goal_c = AMBIENT_C + HEATING_C_PER_W * abs(self.out_v * self.out_a) * (1.0 - 0.6 * self.fan_duty)
        if self.ac_on_t is not None:
            goal_c += 5.0
        self.temperature_c += (goal_c - self.temperature_c) * min(1.0, dt_s / THERMAL_S)

    def request(self, now: float, data: bytes) -> bytes | None:
        """Answer one SDO request on 0x630; None while silent."""
        if self.silent or self.ac_on_t is None or now - self.ac_on_t < SILENT_S or len(data) != objects.LENGTH:
            return None
        key = data[1] | data[2] << 8 | data[3] << 16
        command = data[0]
        index, sub = key & 0xFFFF, key >> 16
        reader = _READERS.get(key)
        if reader is None:
            known_index = any(known & 0xFFFF == index for known in _READERS)
            return objects.abort_answer(index, sub, UNKNOWN_SUB if known_index else UNKNOWN_OBJECT)
        if command == objects.READ:
            size, read = reader
            raw = read(self, now)
            body = raw if isinstance(raw, bytes) else (round(raw) & 0xFFFF_FFFF).to_bytes(4, "little")[:size]
            return _HEADS[size] + data[1:4] + body.ljust(4, b"\0")
        if command not in objects.WRITE_REQUEST:
            return objects.abort_answer(index, sub, UNKNOWN_COMMAND)
        entry = objects.DICTIONARY[index, sub]
        if not entry.writable:
            return objects.abort_answer(index, sub, READ_ONLY)
        if objects.WRITE_REQUEST[command] != entry.size:
            return objects.abort_answer(index, sub, WRONG_LENGTH)
        value = int.from_bytes(data[4 : 4 + entry.size], "little", signed=entry.signed) / entry.per_unit
        if not entry.low <= value <= entry.high:
            return objects.abort_answer(index, sub, OUT_OF_RANGE)
        if not self.deaf:
            self._write(now, entry, value)
        return objects.written_answer(index, sub)

    def _write(self, now: float, entry: objects.Entry, value: float) -> None:
        if entry is objects.ENABLE:
            # before status 0000 the write is acknowledged but has no effect; a client reads back
            self.enabled = bool(value) and not self.status(now) & ~int(objects.EXPECTED_STATUS)
            if not self.enabled:
                self._output_off()
        elif entry is objects.SET_VOLTS:
            self.set_v = value
        elif value != self.set_a or self._pending:
            self.set_a = value
            self._pending.append((now + DEAD_TIME_S, value))

    def _output_off(self) -> None:
        self.target_a = self.demand_a = self.ceiling_v = 0.0
        self._pending.clear()


_HEADS = {size: bytes((command,)) for command, size in objects.READ_ANSWER.items()}
_Reader = tuple[int, Callable[[Pre, float], float | bytes]]
_READERS: dict[int, _Reader] = {
    _key(objects.DEVICE_NAME): (4, lambda pre, now: b"VG6 "),
    _key(objects.HARDWARE): (4, lambda pre, now: b"4.00"),
    _key(objects.SOFTWARE): (4, lambda pre, now: b"3.02"),
    _key(objects.ENABLE): (2, lambda pre, now: pre.enabled),
    _key(objects.STATUS): (2, lambda pre, now: pre.status(now)),
    _key(objects.TEMPERATURE): (2, lambda pre, now: pre.temperature_c * 10),
    _key(objects.AC_VOLTS): (2, lambda pre, now: pre.grid_v * 10),
    _key(objects.AC_AMPS): (2, lambda pre, now: pre.ac_w() / pre.grid_v * 10),
    _key(objects.VOLTS): (2, lambda pre, now: pre.out_v * 10),
    _key(objects.AMPS): (2, lambda pre, now: pre.out_a * 10),
    _key(objects.SET_VOLTS): (2, lambda pre, now: pre.set_v * 10),
    _key(objects.SET_AMPS): (2, lambda pre, now: pre.set_a * 10),
    _key(objects.BUS_VOLTS): (2, lambda pre, now: 0 if pre.ac_on_t is None else 4000),
    _key(objects.RAMPED_AMPS): (2, lambda pre, now: pre.demand_a * 10),
    _key(objects.WARNING): (4, lambda pre, now: b"\0\0\0\0"),
}
"""Every readable object: its size in bytes, and its raw value."""
