"""A meter that answers HTTP with JSON: Shelly, HomeWizard, or any by path (Python's own client, in a thread)."""

import http.client
import time
from urllib.parse import urlsplit

from v2h.bus.sentences import say
from v2h.config.files import config_paths
from v2h.config.meter_kinds import HttpMeter, Meter
from v2h.config.presets import JsonLayout, Preset, find
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError
from v2h.meters.asking import Asking
from v2h.meters.jsonvalues import measurement, parse
from v2h.meters.login import Login

GUESS_S = 0.5
TIMEOUT_S = 2.0
MOST_BYTES = 65_536
"""No meter's answer is longer."""


def preset_of(spec: HttpMeter) -> Preset:
    """The resource to request at the device's address, how to read the answer, and remedies for a status: of the
    preset, or of the owner's own url, path and scale."""
    parts = urlsplit(spec.url)
    own = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not spec.preset:
        return Preset("http", JsonLayout((spec.path,), 1.0 if spec.scale is None else spec.scale), own)
    preset = find("http", spec.preset, config_paths())
    return preset if own == "/" else preset._replace(resource=own)


class HttpConversation:
    """A connection that stays open as long as the device keeps it open. Raises MeterError."""

    def __init__(self, spec: HttpMeter) -> None:
        parts = urlsplit(spec.url)
        self._place = parts.netloc
        self._preset = preset_of(spec)
        self._resource = self._preset.resource
        self._login = Login(spec.user, spec.password, spec.token)
        if not (spec.token.isascii() and spec.token.isprintable() and spec.user.isprintable() and '"' not in spec.user):
            raise MeterError(say("meter.http_letters"))
        self._connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 80, timeout=TIMEOUT_S)

    def ask(self) -> Measurement:
        status, body, demands = self._get()
        if status == 401 and self._login.demanded(demands):
            status, body, demands = self._get()
        if len(body) > MOST_BYTES:
            raise MeterError(say("meter.http_long", place=self._place, resource=self._resource, bytes=MOST_BYTES))
        if status != 200:
            hint = self._remedy(status)
            text = say("meter.http_status", place=self._place, resource=self._resource, status=status, hint=hint)
            raise MeterError(text)
        return measurement(parse(body), self._preset.layout, time.monotonic())

    def close(self) -> None:
        self._connection.close()

    def _remedy(self, status: int) -> str:
        if status == 401 and (self._login.token or self._login.user):
            return say("meter.http_token") if self._login.token else say("meter.http_login")
        if str(status) in self._preset.remedies:
            return say("meter.http_remedy", remedy=self._preset.remedies[str(status)])
        return say("meter.http_password") if status == 401 else ""

    def _get(self) -> tuple[int, bytes, list[str]]:
        for fresh in (self._connection.sock is None, True):
            try:
                headers = {"Accept": "application/json", **self._login.header(self._resource)}
                self._connection.request("GET", self._resource, headers=headers)
                answer = self._connection.getresponse()
                body = answer.read(MOST_BYTES + 1)
                return answer.status, body, answer.headers.get_all("WWW-Authenticate") or []
            except (http.client.RemoteDisconnected, ConnectionError) as error:
                # A device may close an open connection at any time: retry once with a new one.
                self._connection.close()
                if fresh:
                    raise MeterError(say("meter.no_connection", place=self._place, error=str(error))) from error
            except (OSError, http.client.HTTPException) as error:
                raise MeterError(say("meter.http_silent", place=self._place, error=str(error))) from error
        raise AssertionError("the second try returns or raises")


def open_source(spec: Meter, hardware: Hardware) -> Asking:
    """Start to ask the meter; the thread opens the connection."""
    assert isinstance(spec, HttpMeter)
    title = f"http {urlsplit(spec.url).netloc}"
    return Asking(title, GUESS_S, spec.interval_s, lambda: HttpConversation(spec))
