"""What the owner sets and reads: the settings, and the sentences of the programs."""

import json

from docs.tables.markdown import code, prose, table
from v2h.bus.catalogue import TEXTS
from v2h.config.site import Limits
from v2h.energy.owner_settings import TABLE, Settings


def settings() -> str:
    values = Settings()
    rows = []
    for key, row in TABLE.items():
        default = getattr(values, key)
        allowed = str(row.range(Limits())) if row.range else "true or false" if isinstance(default, bool) else "a text"
        shown = json.dumps(default) if default is None or isinstance(default, bool) else default
        shown = f"{shown:g}" if isinstance(shown, float) else shown
        rows.append([code(key), row.label, row.about, allowed, code(shown)])
    about = prose(
        "The owner changes them on the page, with `v2h settings` or through the API; `settings.json` keeps them. The "
        "bounds are those of a site whose `[limits]` have their defaults: `[limits]` narrows them."
    )
    return about + table(("key", "label", "what it does", "allowed", "default"), rows)


def sentences() -> str:
    about = prose(
        "What a program says to the owner travels on the bus, and stands in the log (`values.said` of an event), as "
        "one of these ids with its values; who shows it makes the text. In braces stands the name of a value and its "
        "format. A script may rely on the ids; a text may change."
    )
    return about + table(("id", "text"), ([code(name), text] for name, text in TEXTS.items()))
