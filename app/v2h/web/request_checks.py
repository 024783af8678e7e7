"""Checks of a request: only known host names are accepted, and no change that another site asked for.

Any web page can make a browser inside the house send requests. A foreign name in the Host header means that such a page
rebound its own name to our address; Origin and Sec-Fetch-Site show where a POST came from.
"""

import ipaddress
from typing import Protocol

from v2h.bus.sentences import say

JSON, FORM = "application/json", "application/x-www-form-urlencoded"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Headers(Protocol):
    """Request headers; names are compared without regard to case."""

    def get(self, key: str, /) -> str | None: ...


OWN_SITES = (None, "same-origin", "none")
OWN_NAMES = ("localhost", "v2h.local")


def host_refusal(host: str, names: tuple[str, ...]) -> str | None:
    """None when the Host header (with or without port) is ours, else the reason. names: allowed besides OWN_NAMES."""
    name = host_name(host)
    if name in OWN_NAMES or name in {n.lower() for n in names} or _is_address(name):
        return None
    known = ", ".join((*OWN_NAMES, *names))
    return say("request.foreign_host", host=repr(host), known=known)


def host_name(host: str) -> str:
    """'[::1]:8080' -> '::1', 'V2H.local:80' -> 'v2h.local'."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower().rstrip(".")


def cross_site_refusal(headers: Headers, content_type: str, wanted: str) -> str | None:
    """None when the request may change something, else the reason. headers: those of the request; wanted: JSON or FORM.

    A plain HTML form cannot send application/json, so requiring it already keeps out the forms of old browsers. A
    client that is not a browser sends neither Origin nor Sec-Fetch-Site. A form comes from a browser, which sends an
    Origin. A request without a body has no type: with a token foreign_site() is enough, because no form and no image
    of another site can send the Authorization header.
    """
    if content_type != wanted:
        return say("request.content_type", kind=repr(content_type), wanted=wanted)
    if wanted == FORM and headers.get("Origin") is None and headers.get("Sec-Fetch-Site") in OWN_SITES:
        return say("request.no_origin")
    return foreign_site(headers)


def foreign_site(headers: Headers) -> str | None:
    """None unless the headers of a browser say that another site caused the request; else the reason."""
    site = headers.get("Sec-Fetch-Site")
    if site not in OWN_SITES:
        return say("request.cross_site", site=site)
    origin = headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{headers.get('Host')}".lower():
        return say("request.origin", origin=repr(origin))
    return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
