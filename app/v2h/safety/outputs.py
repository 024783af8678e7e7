"""The outputs that guard owns, their names and bits, as used on the safety wire and in the device tree."""

from enum import IntFlag


class Output(IntFlag):
    """One bit per output; on = the relay, contactor or signal is energised.

    `led:` names of the device tree are `line_name()` of these.
    """

    D1 = 0x01
    """Charge sequence signal 1: +12 V, wakes the car."""
    D2 = 0x02
    """Charge sequence signal 2: lets the car close its contactors."""
    C1 = 0x04
    """DC contactor between PRE and cable, plus."""
    C2 = 0x08
    """DC contactor between PRE and cable, minus."""
    PLUG_LOCK = 0x10
    """Solenoid of the plug lock; no feedback input is known."""
    PRE_AC = 0x20
    """AC contactor of the PRE."""
    MASTER = 0x40
    """Master contactor, the predecessor's "lockout"."""

    # guard and charger do these operations many times a second on a slow core; enum's own versions are ten times slower

    def __and__(self, other: int) -> "Output":
        return _SETS[int.__and__(self, other)]

    def __or__(self, other: int) -> "Output":
        return _SETS[int.__or__(self, other)]

    def __xor__(self, other: int) -> "Output":
        return _SETS[int.__xor__(self, other)]

    def __contains__(self, other: "Output") -> bool:
        return int.__and__(self, other) == other


_SETS = tuple(Output(bits) for bits in range(0x80))
"""Every combination of outputs, indexed by its bits."""

CONTACTORS = Output.C1 | Output.C2
NONE = Output(0)


def line_name(output: Output) -> str:
    """'plug-lock' for Output.PLUG_LOCK: the name of its LED and of its rig chip."""
    assert output.name is not None
    return output.name.lower().replace("_", "-")


def names(outputs: Output) -> list[str]:
    """Line names of the outputs that are set, lowest bit first."""
    return [line_name(output) for output in Output if output in outputs]
