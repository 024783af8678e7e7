"""The service calls that Predbat makes from an apps.yaml, as its page "inverter-setup" describes them.

A decision of its plan calls the service of that decision: once, and again at each run if its template says "repeat".
The keys of a template beside `service` and `repeat` are the data of the call; {target_soc}, {power} and {device_id} in
them are filled in. A decision for the other direction first stops the one in force; without a service of its own a
freeze uses that of the start, and the stop of a discharge uses that of the charge.
"""

from collections.abc import Callable, Mapping
from typing import Any

CHARGE, FREEZE_CHARGE, EXPORT, FREEZE_EXPORT, DEMAND = "charge", "freeze charge", "export", "freeze export", "demand"
SERVICES = {
    CHARGE: ("charge_start_service",),
    FREEZE_CHARGE: ("charge_freeze_service", "charge_start_service"),
    EXPORT: ("discharge_start_service",),
    FREEZE_EXPORT: ("discharge_freeze_service", "discharge_start_service"),
}
"""A decision -> the services, the first of which that is configured is called."""
STOPS = {"charge": ("charge_stop_service",), "discharge": ("discharge_stop_service", "charge_stop_service")}
Call = Callable[..., None]


class Predbat:
    """call(service, **data): a service of Home Assistant."""

    def __init__(self, apps: Mapping[str, Any], call: Call) -> None:
        self._args: Mapping[str, Any] = apps["pred_bat"]
        self._call = call
        self._decision, self._values = DEMAND, dict[str, Any]()

    def run(self, decision: str, target_soc: int = 100, power: int = 6000) -> list[str]:
        """One run with what the plan decides for now; returns the services that were called."""
        new = (decision, target_soc, power) != (self._decision, *self._values.values())
        before, self._decision = self._decision, decision
        self._values = {"target_soc": target_soc, "power": power}
        found: list[str] = []
        if _direction(before) and _direction(before) != _direction(decision):
            found += self._serve(STOPS[_direction(before)], new=True)
        if decision != DEMAND:
            found += self._serve(SERVICES[decision], new=new)
        return found

    def _serve(self, names: tuple[str, ...], *, new: bool) -> list[str]:
        name = next(name for name in names if self._args.get(name))
        templates = self._args[name]
        filled = {**self._values, "device_id": self._args.get("device_id", "")}
        called = []
        for template in templates if isinstance(templates, list) else [templates]:
            data = {key: value for key, value in template.items() if key not in ("service", "repeat")}
            if new or template.get("repeat"):
                made = {key: value.format(**filled) if isinstance(value, str) else value for key, value in data.items()}
                self._call(template["service"], **made)
                called.append(name)
        return called


def _direction(decision: str) -> str:
    return {CHARGE: "charge", FREEZE_CHARGE: "charge", EXPORT: "discharge", FREEZE_EXPORT: "discharge"}.get(
        decision, ""
    )
