"""A meter that answers HTTP with JSON: Shelly, HomeWizard, or any by path (Python's own client, in a thread)."""

import http.client
import time
from urllib.parse import urlsplit

from v2h.config import Hardware
from v2h.meterconfig import HTTP_PRESETS, HttpMeter, JsonLayout, Meter
from v2h.meters import Measurement, MeterError
from v2h.meters.asking import Asking
from v2h.meters.jsonvalues import measurement, parse

GUESS_S = 0.5
TIMEOUT_S = 2.0
MOST_BYTES = 65_536
"""No meter's answer is longer."""


def resource_and_layout(spec: HttpMeter) -> tuple[str, JsonLayout]:
    """What to ask for below the device's address, and how to read it."""
    parts = urlsplit(spec.url)
    own = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not spec.preset:
        return own, JsonLayout((spec.path,), 1.0 if spec.scale is None else spec.scale)
    preset = HTTP_PRESETS[spec.preset]
    return preset.resource if own == "/" else own, preset.layout


class HttpConversation:
    """A connection that is kept while the device keeps it. Raises MeterError."""

    def __init__(self, spec: HttpMeter) -> None:
        parts = urlsplit(spec.url)
        self._place = parts.netloc
        self._resource, self._layout = resource_and_layout(spec)
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=TIMEOUT_S)

    def ask(self) -> Measurement:
        status, body = self._get()
        if status != 200:
            hint = "; a meter with a password cannot be used" if status == 401 else ""
            raise MeterError(f"{self._place} answers {self._resource} with status {status}{hint}")
        return measurement(parse(body), self._layout, time.monotonic())

    def close(self) -> None:
        self._connection.close()

    def _get(self) -> tuple[int, bytes]:
        for fresh in (self._connection.sock is None, True):
            try:
                self._connection.request("GET", self._resource, headers={"Accept": "application/json"})
                answer = self._connection.getresponse()
                body = answer.read(MOST_BYTES + 1)
                if len(body) > MOST_BYTES:
                    raise MeterError(f"{self._place} answers {self._resource} with more than {MOST_BYTES} bytes")
                return answer.status, body
            except (http.client.RemoteDisconnected, ConnectionError) as error:
                # A device may close a kept connection at any time: one more try with a new one.
                self._connection.close()
                if fresh:
                    raise MeterError(f"no connection to {self._place}: {error}") from error
            except (OSError, http.client.HTTPException) as error:
                raise MeterError(f"{self._place} does not answer: {error}") from error
        raise AssertionError("the second try returns or raises")


def open_source(spec: Meter, hardware: Hardware) -> Asking:
    """Begin asking; the connection is made in the thread."""
    assert isinstance(spec, HttpMeter)
    title = f"http {urlsplit(spec.url).netloc}"
    return Asking(title, GUESS_S, spec.interval_s, lambda: HttpConversation(spec))
