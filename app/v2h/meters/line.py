"""The connection to one meter: it reconnects with increasing back-off, and judges the meter's health."""

from collections.abc import Callable

from v2h.bus.sentences import say
from v2h.config.meter_kinds import Meter, MqttMeter
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError, MeterSource, Refusal, open_meter
from v2h.meters.health import Health, MeterHealth
from v2h.meters.reading import implausible
from v2h.ports.url import PortUrlError
from v2h.runtime.program import Program

BACKOFF_S = (1.0, 1.0, 2.0, 5.0, 10.0)
"""Waits after the first, second ... failure in a row; the last one is repeated."""
GIVEN_UP_S = 30.0
GIVEN_UP_INTERVALS = 20
"""A source that neither reports a value nor fails for this long is opened again."""


class Line:
    """on_value(line, value, fresh) is called for each measurement, in the program's loop.

    failure: why there is no value now. refused: why the last answer that was not used was not; whoever has told it
    empties it. remark: what of the last value is not used. Each is "" without a reason.
    """

    def __init__(
        self,
        spec: Meter,
        hardware: Hardware,
        program: Program,
        on_value: Callable[["Line", Measurement, bool], None],
        *,
        learns: bool = False,
    ) -> None:
        """learns: whether it may be learned that the meter speaks only on change. Only a broker passes on what others
        publish when they like; a meter that is asked and does not answer is dead."""
        self.spec, self._hardware, self._program, self._on_value = spec, hardware, program, on_value
        self.title = spec.kind
        self.lag_s = 0.0 if spec.lag_s is None else spec.lag_s
        self.failure = self.refused = self.remark = ""
        self.health = Health(spec.interval_s, silence_s=spec.silence_s, learns=learns and isinstance(spec, MqttMeter))
        self._source: MeterSource | None = None
        self._failures = 0
        self._next_try = self._heard_t = float("-inf")

    def tick(self, now: float) -> None:
        """Open a closed source when it is due; read a source that does not wake the loop. Call every interval_s, and at
        least every second."""
        if self._source is None:
            if now >= self._next_try:
                self._open(now)
        elif self._source.wakes is None:
            self._read(now)
        elif now - self._heard_t > max(GIVEN_UP_S, GIVEN_UP_INTERVALS * self.health.interval_s):
            self._fail(now, self.why() or say("meter.no_answer"))

    def word(self, now: float) -> MeterHealth:
        return self.health.word(now)

    def why(self) -> str:
        """Why there is no value, "" if the reason is not known."""
        return self.failure or ("" if self._source is None else self._source.note)

    def close(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            if source.wakes is not None:
                self._program.unwatch(source.wakes.fileno())
            source.close()

    def _open(self, now: float) -> None:
        try:
            self._source = source = open_meter(self.spec, self._hardware)
        except (OSError, PortUrlError) as error:
            self._fail(now, _text(error))
            return
        self.title, self._heard_t = source.title, now
        if self.spec.lag_s is None:
            self.lag_s = source.guess_s
        self.health.always_new = source.always_new
        if source.wakes is None:
            self._read(now)
        else:
            self._program.watch(source.wakes, self._read)

    def _read(self, now: float) -> None:
        if self._source is None:  # an earlier callback of the same turn has closed it
            return
        try:
            values = self._source.read(now)
        except OSError as error:
            self._fail(now, _text(error))
            return
        for value in values:
            self._heard_t, self._failures = now, 0
            self.failure = value.why if isinstance(value, Refusal) else implausible(value)
            if self.failure:
                self.refused = self.failure
            elif isinstance(value, Measurement):
                self.remark = value.remark
                self._on_value(self, value, self.health.measured(value))

    def _fail(self, now: float, why: str) -> None:
        self.close()
        self.failure = why
        self._next_try = now + BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1


def _text(error: Exception) -> str:
    """The text of a failure. str() of a MeterError would lose the id of its sentence."""
    text: str = error.args[0] if isinstance(error, MeterError) else str(error)
    return text
