"""A signed update of the card: what may be uploaded, when it may be installed, and RAUC's refusals in plain words.

Pure: `web` takes in the pieces and v2h.oneshot.install_update installs; both use v2h.update.shell.
"""
