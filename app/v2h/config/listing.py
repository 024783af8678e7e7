"""Every key of a configuration with its value, its default and what is allowed, for a page that shows them."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, NamedTuple

from v2h.checks import one_of
from v2h.config.meter_kinds import Meter
from v2h.config.site import Config

FLAG = ("true", "false")


class Key(NamedTuple):
    """name: dotted, as limits.max_charge_a. default: None if there is no default. choices: all allowed values as texts,
    if they are a closed list. number: whether it holds a number of a range."""

    name: str
    value: Any
    default: Any
    allowed: str
    choices: tuple[str, ...] = ()
    number: bool = False
    secret: bool = False

    def read(self, text: str) -> Any:
        """The value that a form's text means. A text that means none is returned as it is: the loader refuses it with
        what is allowed. None: an empty number."""
        if self.choices == FLAG:
            return {"true": True, "false": False}.get(text, text)
        if not self.number:
            return text
        try:
            number = float(text)
            return int(number) if number.is_integer() else number
        except (ValueError, OverflowError):
            return text or None


def keys_of(config: Config) -> Iterator[Key]:
    """In the order of the tables."""
    for table in fields(config):
        found = getattr(config, table.name)
        if is_dataclass(found):
            yield from keys_in(found, f"{table.name}.")
        elif table.name in ("adc", "meter"):
            for name, each in found.items():
                yield from keys_in(each, f"{table.name}.{name}.")


def keys_in(table: Any, where: str) -> Iterator[Key]:
    """The keys of one table. where: its dotted name and a dot."""
    for field in fields(table):
        value = getattr(table, field.name)
        if is_dataclass(value):
            yield from keys_in(value, f"{where}{field.name}.")
        elif field.name not in ("fallback", "registers"):
            yield _key(field, f"{where}{field.name}", value)


def _key(field: "Field[Any]", name: str, value: Any) -> Key:
    meta, default = field.metadata, None if field.default is MISSING else field.default
    if "range" in meta:
        return Key(name, value, default, str(meta["range"]), number=True)
    if "secret" in meta:
        return Key(name, "", "", "a text", secret=True)
    if isinstance(default, bool):
        return Key(name, value, default, "true or false", FLAG)
    if meta.get("allowed"):
        words = tuple(map(str, meta["allowed"]))
        return Key(name, value, default, meta.get("about") or one_of(words), words, number=not isinstance(default, str))
    return Key(name, value, default, meta.get("needed") or "a text")


def meter_of(kind: type[Meter], role: str) -> list[Key]:
    """The keys of a meter of this kind, with their defaults."""
    return list(keys_in(kind(), f"meter.{role}."))
