"""Files, disks, ssh and Debian's programs around v2h.vendor: what reads a dump or the eMMC, and the only code that
writes to the eMMC (bootarea.py)."""
