"""Buttons as key events: the kernel's gpio-keys through evdev (debounced there), or the rig's."""

from collections.abc import Iterator
from typing import Protocol

from v2h.ports.rig import RigLink
from v2h.ports.url import split

BUTTON_OF_KEY = {"KEY_F1": "on_off", "KEY_F2": "boost"}


class KeyPort(Protocol):
    """events() yields (button, pressed) for what is readable now; buttons are "on_off" and "boost"."""

    def events(self) -> Iterator[tuple[str, bool]]: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


class EvdevKeys:
    """The first input device that has both F1 and F2: gpio-keys on the board, the keyboard in the emulated one."""

    def __init__(self, name_contains: str) -> None:
        import evdev

        codes = {evdev.ecodes.ecodes[key]: button for key, button in BUTTON_OF_KEY.items()}
        self._button_of_code: dict[int, str] = codes
        self._key_event = evdev.ecodes.EV_KEY
        for path in sorted(evdev.list_devices()):
            device = evdev.InputDevice(path)
            keys = set(device.capabilities().get(self._key_event, []))
            if codes.keys() <= keys and (name_contains == "any" or name_contains in device.name):
                self._device = device
                return
            device.close()
        raise FileNotFoundError(f"no input device named {name_contains!r} has the keys {', '.join(BUTTON_OF_KEY)}")

    def events(self) -> Iterator[tuple[str, bool]]:
        for event in self._device.read():
            if event.type == self._key_event and event.value in (0, 1) and event.code in self._button_of_code:
                yield self._button_of_code[event.code], event.value == 1

    def fileno(self) -> int:
        return int(self._device.fd)

    def close(self) -> None:
        self._device.close()


class RigKeys:
    """The rig's buttons."""

    def __init__(self, rest: str) -> None:
        self._link = RigLink(rest)

    def events(self) -> Iterator[tuple[str, bool]]:
        button, _, pressed = self._link.receive().decode().partition(" ")
        yield button, pressed == "1"

    def fileno(self) -> int:
        return self._link.fileno()

    def close(self) -> None:
        self._link.close()


def open_keys(url: str) -> KeyPort:
    """Open `keys:gpio-keys`, `keys:any` or `rig:/run/v2h/rig.sock/buttons`. Raises OSError, PortUrlError."""
    scheme, rest = split(url, "keys", "rig")
    return EvdevKeys(rest) if scheme == "keys" else RigKeys(rest)
