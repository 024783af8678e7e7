"""The vendor's eMMC: what its dump contains, where the ROM starts from, what a verified backup is, and which sectors
`v2h vendor disable` may clear. Pure: it takes bytes, or a function that reads them. The files and disks are in shell/.
"""


class VendorError(Exception):
    """The command must not or cannot go on. The text says what was found and what to do."""
