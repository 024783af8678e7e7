"""Single lines: outputs held by the kernel's gpio-leds, the K input, the fan's PWM, or the rig's.

Outputs go through gpio-leds because, on gpio-omap, a line held through the GPIO character device turns into an input at
the moment its owner dies: killing `guard` would open the contactors under load.
"""

from pathlib import Path
from typing import Protocol

from v2h.ports.rig import RigLink
from v2h.ports.url import split

LEDS = Path("/sys/class/leds")
PWMS = Path("/sys/class/pwm")
FAN_PERIOD_NS = 1_000_000  # 1 kHz; the predecessor's "1000 Hz" gave 100 Hz


class OutputLine(Protocol):
    """An output. read(): the level that was written last. With the kernel's LEDs that is no feedback: leds-gpio reads
    neither the pin nor the circuit at it, so a line, driver or relay that does not follow is not noticed here."""

    def read(self) -> bool: ...
    def write(self, on: bool) -> None: ...
    def close(self) -> None: ...


class InputLine(Protocol):
    """An input. After fileno() becomes readable call take_edges(); then read() returns the present level."""

    def read(self) -> bool: ...
    def take_edges(self) -> None: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class LedOutput:
    """`/sys/class/leds/NAME/brightness`; keeps its level when its writer dies."""

    def __init__(self, name: str) -> None:
        self._file = (LEDS / name / "brightness").open("r+b", buffering=0)

    def read(self) -> bool:
        self._file.seek(0)
        return self._file.read(8).strip() != b"0"

    def write(self, on: bool) -> None:
        self._file.seek(0)
        self._file.write(b"1" if on else b"0")

    def close(self) -> None:
        self._file.close()


class RigOutput:
    """An output of the rig; it goes low when this connection closes."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)

    def read(self) -> bool:
        return self._link.transact(b"?") == b"\x01"

    def write(self, on: bool) -> None:
        self._link.transact(b"\x01" if on else b"\x00")

    def close(self) -> None:
        self._link.close()


class KernelInput:
    """A named GPIO line as input with both edges, pull-up: a broken wire reads high, which is "K off"."""

    def __init__(self, name: str) -> None:
        import gpiod
        from gpiod.line import Bias, Direction, Edge, Value

        self._active = Value.ACTIVE
        chip_path, offset = _find_line(name)
        settings = gpiod.LineSettings(direction=Direction.INPUT, edge_detection=Edge.BOTH, bias=Bias.PULL_UP)
        self._offset = offset
        self._request = gpiod.request_lines(chip_path, consumer="v2h-guard", config={offset: settings})

    def read(self) -> bool:
        return bool(self._request.get_value(self._offset) == self._active)

    def take_edges(self) -> None:
        self._request.read_edge_events()

    def fileno(self) -> int:
        return int(self._request.fd)

    def close(self) -> None:
        self._request.release()


def _find_line(name: str) -> tuple[str, int]:
    import gpiod

    for path in sorted(Path("/dev").glob("gpiochip*")):
        with gpiod.Chip(str(path)) as chip:
            try:
                return str(path), chip.line_offset_from_id(name)
            except OSError:
                continue
    raise FileNotFoundError(f"no GPIO line is named {name!r}; is the board's device tree ours?")


class RigInput:
    """An input of the rig; edges arrive as packets."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)
        self._level = self._link.transact(b"?") == b"\x01"

    def read(self) -> bool:
        return self._level

    def take_edges(self) -> None:
        self._level = self._link.receive() == b"\x01"

    def fileno(self) -> int:
        return self._link.fileno()

    def close(self) -> None:
        self._link.close()


class KernelPwm:
    """A PWM output found by its controller's name (pwmchip numbers are dynamic)."""

    def __init__(self, controller: str) -> None:
        chips = [chip for chip in PWMS.glob("pwmchip*") if controller in str(chip.resolve())]
        if not chips:
            raise FileNotFoundError(f"no PWM controller {controller!r} under {PWMS}")
        channel = chips[0] / "pwm0"
        if not channel.exists():
            (chips[0] / "export").write_text("0")
        (channel / "period").write_text(str(FAN_PERIOD_NS))
        (channel / "enable").write_text("1")
        self._duty = channel / "duty_cycle"

    def write_duty(self, fraction: float) -> None:
        self._duty.write_text(str(round(fraction * FAN_PERIOD_NS)))


class RigPwm:
    """The fan of the rig."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)

    def write_duty(self, fraction: float) -> None:
        self._link.transact(bytes([round(fraction * 255)]))


def open_output(url: str) -> OutputLine:
    """Open `led:c1` or `rig:/run/v2h/rig.sock/c1`. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "led", "rig")
    return LedOutput(rest) if scheme == "led" else RigOutput(rest)


def open_input(url: str) -> InputLine:
    """Open `gpio:K` or `rig:/run/v2h/rig.sock/k`; read() is the electrical level. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "gpio", "rig")
    return KernelInput(rest) if scheme == "gpio" else RigInput(rest)


def open_pwm(url: str) -> KernelPwm | RigPwm:
    """Open `pwm:48304200.pwm` or `rig:/run/v2h/rig.sock/fan`. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "pwm", "rig")
    return KernelPwm(rest) if scheme == "pwm" else RigPwm(rest)
