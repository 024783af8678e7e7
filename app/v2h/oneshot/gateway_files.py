"""Decides at every boot whether the programs run that v2h.toml must ask for: `python3 -m v2h.oneshot.gateway_files`.

If v2h.toml configures one of its faces, `RUN/tree/gateway.conf` is there for supervisord, and `RUN/secrets/outside`
holds the passwords and tokens of the table [gateway] alone: the gateway may not read the card, whose v2h.toml has the
passwords of meters as well. Otherwise neither file is there, and supervisord knows no such program. `ccs.conf` is there
in the same way with a table [ccs] that has no error.
"""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.config.neighbours import Gateway
from v2h.config.page_edits import read_edits
from v2h.config.site import Config
from v2h.oneshot.broker_credentials import give, write_new
from v2h.runtime.paths import OUTSIDE_SECRETS, RUN, SITE_EDITS

CONF = Path("/etc/supervisor/optional.d")


def secrets_of(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """The secret keys of each of its tables, with their values."""
    tables = {table.name: getattr(gateway, table.name) for table in fields(gateway)}
    return {
        name: {key.name: getattr(table, key.name) for key in fields(table) if "secret" in key.metadata}
        for name, table in tables.items()
    }


def make(run: Path, config: Config, folder: Path) -> None:
    """Write the files below `run`, or take them away. folder: of the entries. Raises OSError with the path."""
    secret = run / OUTSIDE_SECRETS
    secret.parent.mkdir(parents=True, exist_ok=True)
    if config.gateway.is_on:
        write_new(secret, json.dumps(secrets_of(config.gateway)), 0o400)
        give(secret, "v2h-gateway")
    else:
        secret.unlink(missing_ok=True)
    _enter(run, folder / "gateway.conf", wanted=config.gateway.is_on)
    _enter(run, folder / "ccs.conf", wanted=config.ccs is not None)


def _enter(run: Path, conf: Path, *, wanted: bool) -> None:
    entry = run / "tree" / conf.name
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.unlink(missing_ok=True)
    if wanted:
        entry.write_text(conf.read_text(encoding="utf-8"), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m v2h.oneshot.gateway_files", description="Start gateway and ccs?")
    parser.add_argument("--conf", type=Path, default=CONF, help="folder of their entries for supervisord")
    conf = parser.parse_args().conf
    try:
        make(RUN, load(config_paths(), read_edits(SITE_EDITS)), conf)
    except OSError as error:
        print(f"v2h-gateway-files: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
