"""The topics of the bus: what travels there, and who may send it."""

import dataclasses
import inspect
import re
import typing
from typing import Any

from docs.tables.markdown import code, plain, prose, table
from v2h.bus import messages
from v2h.bus.coding import Message


def topics() -> str:
    rows = []
    for kind in vars(messages).values():
        if not (isinstance(kind, type) and issubclass(kind, Message) and kind is not Message):
            continue
        topic = kind.TOPIC
        who = [name for name, allowed in messages.MAY_PUBLISH.items() if any(_covers(a, topic, name) for a in allowed)]
        shape = ", ".join(_field(field) for field in dataclasses.fields(kind))
        first = plain(inspect.getdoc(kind) or "").split(". ")[0].split(": ")[0].rstrip(".")
        retained = "yes" if kind.RETAIN else "no"
        rows.append([code(topic.replace("{}", "NAME")), first, ", ".join(map(code, who)), retained, shape])
    about = prose(
        "Messages are JSON objects. Powers are in W; grid power + is import; battery power and current + is charging; "
        "`t` is seconds of CLOCK_MONOTONIC. A field with `=` may be left out. The docstrings in "
        "[messages.py](../app/v2h/bus/messages.py) say what each field means."
    )
    return about + table(("topic", "what", "may be published by", "retained", "fields"), rows)


def _covers(allowed: str, topic: str, program: str) -> bool:
    """Whether a pattern of the access list lets this topic through, or that of this program where it has its own."""
    pattern = re.escape(allowed).replace(r"/\#", "(/.*)?").replace(r"\+", "[^/]+")
    return re.fullmatch(pattern.replace(r"\#", ".*"), topic.replace("{}", program)) is not None


def _field(field: "dataclasses.Field[Any]") -> str:
    kind = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))
    if typing.get_origin(field.type) is not None or "|" in str(field.type):
        kind = str(field.type)
    kind = kind.replace("typing.", "")
    if field.default is not dataclasses.MISSING:
        return f"`{field.name}: {kind} = {field.default!r}`"
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.name}: {kind} = {field.default_factory()!r}`"
    return f"`{field.name}: {kind}`"
