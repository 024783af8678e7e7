"""Checks that a CAN interface is on the expected controller. Names can swap; the controller's address cannot."""

from pathlib import Path

from v2h.ports.url import split

PRE_CONTROLLER = "481cc000.can"
CAR_CONTROLLER = "481d0000.can"
"""DCAN0 and DCAN1 (AM335x TRM, L4_PER memory map): names of their platform devices in sysfs."""
NETS = Path("/sys/class/net")


def wrong_controller(url: str, controller: str, nets: Path = NETS) -> str | None:
    """None when `url` ("can:socketcan/can0") is on `controller`; else a sentence that says what is wrong."""
    interface, _, name = split(url, "can")[1].partition("/")
    if interface != "socketcan":
        return f"{url} is no kernel interface, so its controller cannot be checked; set can_identity = false on a desk"
    if not (nets / name).exists():
        return f"there is no network interface {name}"
    device = (nets / name).resolve()
    return None if controller in device.parts else f"{name} is {device}, not {controller}: is the device tree ours?"
