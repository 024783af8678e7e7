"""Where this boot's sockets and the lasting files are. It imports no module of the project, because start-up steps use
it too."""

import os
from pathlib import Path

RUN = Path(os.environ.get("V2H_RUN", "/run/v2h"))
"""Sockets and credentials of this boot."""
DATA = Path(os.environ.get("V2H_DATA", "/data/v2h"))
"""What must survive a reboot. Only manager and datalog may write there."""
PARTITION = None if "V2H_DATA" in os.environ else DATA.parent
"""Where the card's data partition must be mounted; None on a desk, where a folder takes its place."""
WEB_DATA = DATA.parent / "web"
"""Hashes of the owner's password and tokens. Only web may read and write there."""
SITE_EDITS = DATA.parent / "site" / "v2h-toml.json"
"""What the owner changed of v2h.toml on the page. Every program reads it at its start; only web may write in its
folder."""
UPDATE = DATA.parent / "update"
"""An update while it is uploaded. Only web may write there; the installer reads it and empties the folder."""
OUTSIDE_SECRETS = Path("secrets", "outside")
"""Below RUN: the passwords and tokens of [gateway] in v2h.toml; only gateway may read it."""
BEAT_SOCKET = RUN / "pulse" / "beat.sock"
GUARD_SOCKET = RUN / "guard" / "wire.sock"
CCS_SOCKET = RUN / "ccs" / "wire.sock"
"""charger listens here for ccs, if v2h.toml has a table [ccs]."""
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches this file at each answer of a time server that it has used."""
