"""How an HTTP meter is told who asks: a token, or name and password by the scheme that the meter demands (RFC 7617
basic, RFC 7616 digest with MD5 or SHA-256); pure but for the random number of a digest."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import NamedTuple

PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
ALGORITHMS = {"MD5": "md5", "SHA-256": "sha256"}
STRENGTH = ("basic", "MD5", "SHA-256")


class Challenge(NamedTuple):
    """What the meter demands. scheme: one of STRENGTH; session: the algorithm's variant that ends with -sess."""

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    qop: bool = False
    session: bool = False


def strongest(headers: Iterable[str]) -> Challenge | None:
    """The strongest challenge that is understood, of the values of WWW-Authenticate."""
    found = [challenge for header in headers for challenge in _challenges(header)]
    return max(found, key=lambda challenge: STRENGTH.index(challenge.scheme), default=None)


def _challenges(header: str) -> Iterable[Challenge]:
    for scheme, rest in re.findall(r"(?i)\b(basic|digest)\s+(.*?)(?=,\s*(?:basic|digest)\s|$)", header):
        said = {key.lower(): quoted or plain for key, quoted, plain in PARAMETER.findall(rest)}
        if scheme.lower() == "basic":
            yield Challenge("basic")
            continue
        name, sess, _ = said.get("algorithm", "MD5").upper().partition("-SESS")
        qops = [word.strip() for word in said.get("qop", "").split(",") if word.strip()]
        if name in ALGORITHMS and (not qops or "auth" in qops) and "nonce" in said:
            yield Challenge(name, said.get("realm", ""), said["nonce"], said.get("opaque"), bool(qops), bool(sess))


def digest(challenge: Challenge, user: str, password: str, method: str, resource: str, count: int, cnonce: str) -> str:
    """The value of Authorization. count: requests with this nonce, from 1."""

    def h(*parts: str) -> str:
        return hashlib.new(ALGORITHMS[challenge.scheme], ":".join(parts).encode()).hexdigest()

    secret = h(user, challenge.realm, password)
    if challenge.session:
        secret = h(secret, challenge.nonce, cnonce)
    nc = f"{count:08x}"
    used = (nc, cnonce, "auth") if challenge.qop else ()
    said = {
        "username": user, "realm": challenge.realm, "nonce": challenge.nonce, "uri": resource,
        "response": h(secret, challenge.nonce, *used, h(method, resource)),
    }  # fmt: skip
    if challenge.opaque is not None:
        said["opaque"] = challenge.opaque
    if challenge.qop or challenge.session:
        said["cnonce"] = cnonce
    plain = [f"algorithm={challenge.scheme}{'-sess' if challenge.session else ''}"]
    plain += ["qop=auth", f"nc={nc}"] if challenge.qop else []
    return "Digest " + ", ".join([*(f'{key}="{value}"' for key, value in said.items()), *plain])


class Login:
    """The headers of each request to one meter."""

    def __init__(self, user: str, password: str, token: str) -> None:
        self.user, self._password, self.token = user, password, token
        self._challenge: Challenge | None = None
        self._count = 0

    def header(self, resource: str) -> Mapping[str, str]:
        """For a GET."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        if self._challenge is None:
            return {}
        if self._challenge.scheme == "basic":
            both = base64.b64encode(f"{self.user}:{self._password}".encode()).decode()
            return {"Authorization": f"Basic {both}"}
        self._count += 1
        made = digest(self._challenge, self.user, self._password, "GET", resource, self._count, secrets.token_hex(8))
        return {"Authorization": made}

    def demanded(self, headers: Iterable[str]) -> bool:
        """Take what the meter demands with status 401; returns whether the request is worth a repetition."""
        challenge = strongest(headers) if self.user and not self.token else None
        if challenge is None:
            return False
        self._challenge, self._count = challenge, 0
        return True
