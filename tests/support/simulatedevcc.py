"""evcc as far as the charger sees it: the requests of its http, mqtt and watchdog plugins, made from a YAML file.

Sources: evcc's plugins http, mqtt and watchdog, and its loadpoint, which writes a value only when it changes.
"""

import re
from typing import Any, Protocol

POLL_S, LOOP_S = 10.0, 30.0


class Network(Protocol):
    """What connects evcc with the charger. latest(topic): payload and age in s, None when nothing was published."""

    def http(self, method: str, uri: str, headers: dict[str, str], body: str) -> Any: ...
    def publish(self, topic: str, payload: str) -> None: ...
    def latest(self, topic: str) -> tuple[str, float] | None: ...


def seconds(text: str) -> float:
    assert text.endswith("s")
    return float(text[:-1])


def filled(template: str, name: str, value: Any) -> str:
    """'${maxcurrent:%d}' with a value, as evcc writes it; a bool is true or false."""
    shown = str(value).lower() if isinstance(value, bool) else value

    def one(found: re.Match[str]) -> str:
        assert found[1] == name, f"{found[1]} is not the name of this value, {name}"
        return (found[2] or "%s") % shown

    return re.sub(r"\$\{(\w+)(?::(%[.\w]+))?\}", one, template)


def _authorization(spec: dict[str, Any]) -> dict[str, str]:
    auth = spec.get("auth", {})
    return {"Authorization": f"Bearer {auth['token']}"} if auth.get("type") == "bearer" else {}


class Device:
    """A charger or meter of the YAML. get(name) reads a value, set(name, value) writes it if it has changed."""

    def __init__(self, spec: dict[str, Any], network: Network) -> None:
        self._spec, self._network = spec, network
        self._written: dict[str, Any] = {}
        self._again: dict[str, tuple[float, float]] = {}

    def get(self, name: str) -> Any:
        spec = self._spec[name]
        if spec["source"] == "mqtt":
            found = self._network.latest(spec["topic"])
            assert found is not None and found[1] <= seconds(spec["timeout"]), f"{name} is outdated: {found}"
            return found[0]
        assert spec["source"] == "http" and spec["jq"].startswith(".")
        return self._network.http("GET", spec["uri"], _authorization(spec), "")[spec["jq"][1:]]

    def set(self, name: str, value: Any, now: float) -> None:
        if self._written.get(name) == value:
            return
        self._write(name, value)
        self._written[name] = value
        spec = self._spec[name]
        assert spec["source"] == "watchdog"
        self._again.pop(name, None)
        if str(value).lower() not in spec.get("reset", []):
            half_s = seconds(spec["timeout"]) / 2
            self._again[name] = now + half_s, half_s

    def watchdogs(self, now: float) -> None:
        """Write again what is due."""
        for name, (due, half_s) in list(self._again.items()):
            if now >= due:
                self._write(name, self._written[name])
                self._again[name] = due + half_s, half_s

    def _write(self, name: str, value: Any) -> None:
        spec = self._spec[name]["set"]
        if spec["source"] == "mqtt":
            self._network.publish(spec["topic"], filled(spec["payload"], name, value))
            return
        headers = {**spec["headers"], **_authorization(spec)}
        self._network.http(spec["method"], spec["uri"], headers, filled(spec["body"], name, value))


class Loadpoint:
    """Charges with a current at once ("now"): polls each POLL_S, decides each LOOP_S, writes on change."""

    def __init__(self, charger: Device, amps: int) -> None:
        self._charger, self.amps, self._enabled = charger, amps, False
        self._poll_t = self._loop_t = float("-inf")
        self.status, self.troubles = "", list[str]()

    def step(self, now: float) -> None:
        self._charger.watchdogs(now)
        if now - self._poll_t >= POLL_S:
            self._poll_t = now
            self.status = self._charger.get("status")
            self._charger.get("power")
            is_enabled = str(self._charger.get("enabled")).lower() == "true"
            if is_enabled is not self._enabled and self._loop_t > float("-inf"):
                self.troubles.append(f"charger out of sync at {now}: enabled is {is_enabled}")
        if now - self._loop_t >= LOOP_S and self.status in ("B", "C"):
            self._loop_t = now
            self._charger.set("maxcurrent", self.amps, now)
            self._enabled = self.amps > 0
            self._charger.set("enable", self._enabled, now)


class BatteryControl:
    """Sets the mode of a battery on change, reads it each LOOP_S."""

    def __init__(self, meter: Device) -> None:
        self._meter, self.mode = meter, 1
        self._loop_t = float("-inf")
        self.power_w = 0.0

    def step(self, now: float) -> None:
        self._meter.watchdogs(now)
        if now - self._loop_t >= LOOP_S:
            self._loop_t = now
            self.power_w = float(self._meter.get("power"))
            assert float(self._meter.get("soc")) > 0
            self._meter.set("batterymode", self.mode, now)
