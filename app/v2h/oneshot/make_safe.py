"""Stand-alone make-safe: `python3 -m v2h.oneshot.make_safe`, run by systemd (ExecStopPost=) after the tree has ended.

Needs neither broker nor tree nor guard. Exits with 0 at once when all outputs but the lock are off, with 0 when it has
switched them off, and with 1 when an output could not be switched or read; always within sweep.MAX_S.
"""

import argparse
import logging
import sys

from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.safety.shell.sweep import make_safe


def main() -> int:
    argparse.ArgumentParser(
        prog="python3 -m v2h.oneshot.make_safe", description="Switch every output but the plug lock off, in order."
    ).parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="v2h-make-safe: %(message)s")
    log = logging.getLogger("v2h.make_safe")
    return make_safe(load(config_paths()), log)


if __name__ == "__main__":
    sys.exit(main())
