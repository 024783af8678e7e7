"""Decides at every boot whether the gateway runs, and gives it its own secrets: `python3 -m v2h.oneshot.gateway_files`.

If v2h.toml configures one of its faces, `RUN/tree/gateway.conf` is there for supervisord, and `RUN/secrets/outside`
holds the passwords and tokens of the table [gateway] alone: the gateway may not read the card, whose v2h.toml has the
passwords of meters as well. Otherwise neither file is there, and supervisord knows no such program.
"""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from v2h.config.files import config_paths
from v2h.config.neighbours import Gateway
from v2h.config.page_edits import read_edits
from v2h.config.site import load
from v2h.oneshot.broker_credentials import give, write_new
from v2h.runtime.paths import OUTSIDE_SECRETS, RUN, SITE_EDITS

CONF = Path("/etc/supervisor/optional.d/gateway.conf")


def secrets_of(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """The secret keys of each of its tables, with their values."""
    tables = {table.name: getattr(gateway, table.name) for table in fields(gateway)}
    return {
        name: {key.name: getattr(table, key.name) for key in fields(table) if "secret" in key.metadata}
        for name, table in tables.items()
    }


def make(run: Path, gateway: Gateway, conf: Path) -> None:
    """Write both files below `run`, or take them away. Raises OSError with the path."""
    entry, secret = run / "tree" / conf.name, run / OUTSIDE_SECRETS
    entry.parent.mkdir(parents=True, exist_ok=True)
    secret.parent.mkdir(parents=True, exist_ok=True)
    entry.unlink(missing_ok=True)
    if not gateway.is_on:
        secret.unlink(missing_ok=True)
        return
    write_new(secret, json.dumps(secrets_of(gateway)), 0o400)
    give(secret, "v2h-gateway")
    entry.write_text(conf.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m v2h.oneshot.gateway_files", description="Start the gateway?")
    parser.add_argument("--conf", type=Path, default=CONF, help="its entry for supervisord")
    conf = parser.parse_args().conf
    try:
        make(RUN, load(config_paths(), read_edits(SITE_EDITS)).gateway, conf)
    except OSError as error:
        print(f"v2h-gateway-files: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
