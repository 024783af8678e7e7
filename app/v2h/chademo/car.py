"""What the car has sent: its latest frames, their ages, and the few values that need more than one frame."""

from dataclasses import dataclass, field

from v2h.canframe import Frame
from v2h.chademo import frames
from v2h.chademo.frames import X100, X101, X102, X110, X200, X201


@dataclass(slots=True)
class Car:
    """The latest decoded frame of each kind and its time. A frame that cannot be decoded is counted, not used."""

    x100: X100 | None = None
    x101: X101 | None = None
    x102: X102 | None = None
    x110: X110 | None = None
    x200: X200 | None = None
    x201: X201 | None = None
    seen_t: dict[int, float] = field(default_factory=dict)
    held_target_v: float | None = None
    """102.1-2 as it was when d2 rose, V; at least one car changes it afterwards."""
    bad_frames: int = 0
    last_bad: str = ""

    def take(self, frame: Frame) -> None:
        """Store one frame from the car's bus."""
        if frame.can_id not in frames.CAR_IDS:
            return
        try:
            decoded = frames.decode(frame.can_id, frame.data)
        except frames.FrameError as error:
            self.bad_frames += 1
            self.last_bad = str(error)
            return
        setattr(self, f"x{frame.can_id:x}", decoded)
        self.seen_t[frame.can_id] = frame.t

    def age_s(self, can_id: int, now: float) -> float:
        """Seconds since the last such frame; infinity if there was none."""
        return now - self.seen_t[can_id] if can_id in self.seen_t else float("inf")

    @property
    def awake(self) -> bool:
        """The three frames that every CHAdeMO car sends have come."""
        return self.x100 is not None and self.x101 is not None and self.x102 is not None

    def hold_target(self) -> None:
        """Keep the target voltage as the ceiling of the session: it does not change from d2 on."""
        if self.held_target_v is None and self.x102 is not None:
            self.held_target_v = float(self.x102.target_battery_v)

    @property
    def target_v(self) -> float:
        """Charging ceiling, V; 0 before the first 0x102."""
        if self.held_target_v is not None:
            return self.held_target_v
        return float(self.x102.target_battery_v) if self.x102 is not None else 0.0

    @property
    def charge_request_a(self) -> float:
        """102.3, A; or 110.1-2 if a car with high current control sends 102.3 = FF."""
        if self.x102 is None:
            return 0.0
        extended = self.x110 is not None and self.x110.high_current_control
        if extended and self.x102.charge_current_request_a == 0xFF and self.x110 is not None:
            return float(self.x110.extended_current_request_a)
        return float(self.x102.charge_current_request_a)

    @property
    def soc_pct(self) -> float | None:
        """State of charge, %; unstable in the first two seconds (a Leaf sends 3, then 1, then the true value)."""
        if self.x100 is None or self.x102 is None or not self.x100.charged_rate_reference_pct:
            return None
        return min(100.0, 100.0 * self.x102.soc_pct / self.x100.charged_rate_reference_pct)

    @property
    def capacity_kwh(self) -> float | None:
        return self.x101.capacity_kwh if self.x101 and self.x101.capacity_kwh else None

    @property
    def may_discharge(self) -> bool:
        """102.5.7 is set and the car speaks V2H (it sends 0x200)."""
        return self.x102 is not None and self.x102.discharge_compatible and self.x200 is not None

    @property
    def discharge_floor_pct(self) -> float | None:
        """200.6 as percent, decimals cut. A car without 0x201 sends 0.1 kWh (V2H guideline before 1.1), a car with it
        sends percent."""
        return None if self.x200 is None else self._remaining_pct(self.x200.remaining_min_raw)

    def _remaining_pct(self, raw: int) -> float | None:
        if raw == 0xFF:
            return None
        if self.x201 is not None:
            return float(raw)
        return None if self.capacity_kwh is None else float(int(100.0 * (raw / 10) / self.capacity_kwh))
