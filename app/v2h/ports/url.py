"""Split a port URL into its scheme and the rest."""


class PortUrlError(ValueError):
    """A port URL of an unknown or unsuitable kind."""


def split(url: str, *allowed: str) -> tuple[str, str]:
    """'spi:/dev/spidev1.0' -> ('spi', '/dev/spidev1.0'). Raises PortUrlError for a scheme not in `allowed`."""
    scheme, colon, rest = url.partition(":")
    if not colon or not rest or scheme not in allowed:
        kinds = ", ".join(f"{kind}:..." for kind in allowed)
        raise PortUrlError(f"port {url!r} cannot be used here; allowed: {kinds}")
    return scheme, rest
