"""`v2h selftest --can-jitter`: how evenly our frames to the car are sent, compared with three other ways of sending."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict

from v2h.capture.jitter import VENDOR_MS, Spread, compare
from v2h.commands import CommandError
from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.ports.url import split

SECONDS = 60.0
GOAL_PCT = 99.0
"""Share of the spacings of `charger` that must be within the vendor's spread, on a real board."""
BESIDE = "vcanjitter"
"""Virtual bus of the three other ways, so that the car does not receive their frames."""
WAYS = {
    "ours": "charger's 0x108",
    "fifo": "a SCHED_FIFO loop",
    "bcm": "the kernel's broadcast manager",
    "plain": "a plain Python loop",
}


def run(seconds: float, as_json: bool) -> int:
    """Measure and print. Returns 0, or 1 when the frames of `charger` are not even enough or were not received."""
    interface, _, car = split(load(config_paths()).hardware.car_can, "can")[1].partition("/")
    if interface != "socketcan":
        raise CommandError(
            f"the car's bus is {interface}, no interface of this kernel: nothing can be measured here", 1
        )
    try:
        with _virtual_bus():
            told = compare(car, BESIDE, seconds)
    except OSError as error:
        raise CommandError(f"cannot measure: {error} (run it as root on the board)", 1) from error
    if as_json:
        print(json.dumps({name: spread and asdict(spread) for name, spread in told.items()}, indent=1))
    else:
        print(table(told))
    ours = told["ours"]
    return 0 if ours is not None and ours.inside_pct >= GOAL_PCT else 1


def table(told: dict[str, Spread | None]) -> str:
    """A table for people: one line for each way of sending, and what to do if `charger` sent nothing."""
    lines = [f"{'':32}{'frames':>7}{'mean':>10}{'sd':>9}   inside {VENDOR_MS[0]} to {VENDOR_MS[1]} ms"]
    for name, text in WAYS.items():
        one = told.get(name)
        if one is None:
            lines.append(f"{text:32}{0:>7}")
        else:
            lines.append(f"{text:32}{one.frames:>7}{one.mean_ms:>7.2f} ms{one.sd_ms:>6.2f} ms{one.inside_pct:>8.2f} %")
    if told.get("ours") is None:
        lines.append(
            "charger sent nothing: it speaks in a session alone; start one (v2h mode charge) and measure again"
        )
    else:
        lines.append(
            f"goal on a real board: {GOAL_PCT:g} % of charger's inside; the vendor's firmware has 100 %, sd 0.52 ms"
        )
    return "\n".join(lines)


@contextlib.contextmanager
def _virtual_bus() -> Iterator[None]:
    """Create the virtual bus, and delete it at the end. Raises CommandError with the error message of `ip`."""
    for words in (["add", BESIDE, "type", "vcan"], ["set", BESIDE, "up"]):
        said = subprocess.run(["ip", "link", *words], capture_output=True, text=True)
        if said.returncode:
            raise CommandError(f"ip link {' '.join(words)}: {said.stderr.strip()} (run it as root on the board)", 1)
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "del", BESIDE], check=True)
