"""HTTP meters that ask who reads them: the bytes of RFC 7616, and real servers with basic, digest and bearer."""

import base64
import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from v2h.config.meter_kinds import HttpMeter
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError, open_meter
from v2h.meters.login import Challenge, digest, strongest

RFC = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(algorithm: str, response: str) -> None:
    challenge = strongest([RFC.format(algorithm)])
    assert challenge is not None
    said = digest(challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, CNONCE)
    assert f'response="{response}"' in said
    assert f"algorithm={algorithm}, qop=auth, nc=00000001" in said


def test_the_strongest_of_several_challenges_is_taken() -> None:
    both = [RFC.format("MD5"), RFC.format("SHA-256"), 'Basic realm="x"']
    assert strongest(both) == strongest([", ".join(both)]) == strongest([RFC.format("SHA-256")])
    assert strongest(['Basic realm="a, b"']) == Challenge("basic")
    assert strongest(["Negotiate", RFC.format("SHA-512-256"), ""]) is None


@pytest.mark.parametrize(
    ("preset", "status", "says"),
    [
        ("homewizard", 403, "status 403; switch on the local API in the HomeWizard app"),
        ("shelly-pro-3em", 404, "status 404; this Shelly is set to single phases: use preset shelly-pro-em"),
        ("home-assistant", 401, "status 401; write a long-lived access token"),
        ("homewizard", 500, "answers /meter?id=0 with status 500"),
    ],
)
def test_a_refusal_names_the_remedy_of_the_preset(preset: str, status: int, says: str) -> None:
    with server(lambda sent: False, status=status) as (url, _):
        with pytest.raises(MeterError) as caught:
            answers(HttpMeter(preset=preset, url=url))
        assert says in str(caught.value)


Check = Callable[[str], bool]
"""Whether a value of Authorization is right."""


@contextlib.contextmanager
def server(check: Check, *challenges: str, status: int = 401) -> Iterator[tuple[str, list[str]]]:
    """A meter of 512 W behind a login; yields its url and the values of Authorization that it was sent."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            sent = self.headers.get("Authorization", "")
            heard.append(sent)
            good = check(sent)
            body = json.dumps({"power": 512.0} if good else {}).encode()
            self.send_response(200 if good else status)
            for challenge in () if good else challenges:
                self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}/meter?id=0", heard
    finally:
        httpd.shutdown()
        httpd.server_close()


def answers(spec: HttpMeter, count: int = 3) -> list[float]:
    """The first powers of the meter. Raises MeterError."""
    source = open_meter(spec, Hardware())
    found: list[float] = []
    deadline = time.monotonic() + 5
    try:
        while len(found) < count:
            assert time.monotonic() < deadline
            found += [one.power_w for one in source.read(time.monotonic()) if isinstance(one, Measurement)]
            time.sleep(0.005)
    finally:
        source.close()
    return found


def digested(hasher: Callable[[bytes], "hashlib._Hash"], password: str) -> Check:
    """A server's side of digest, written a second time."""

    def h(*parts: str) -> str:
        return hasher(":".join(parts).encode()).hexdigest()

    used: set[str] = set()

    def check(sent: str) -> bool:
        said = {key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', sent)}
        if not sent.startswith("Digest ") or said["nc"] in used:
            return False
        used.add(said["nc"])
        secret = h(said["username"], "shelly", password)
        middle = (said["nonce"], said["nc"], said["cnonce"], said["qop"])
        return said["response"] == h(secret, *middle, h("GET", "/meter?id=0"))

    return check


@pytest.mark.slow
def test_basic_digest_and_bearer_at_real_servers() -> None:
    basic = "Basic " + base64.b64encode(b"admin:admin").decode()
    with server(lambda sent: sent == basic, 'Basic realm="meter"') as (url, heard):
        spec = HttpMeter(url=url, path="power", user="admin", password="admin", interval_s=0.05)
        assert answers(spec) == [512.0] * 3
        assert heard[:2] == ["", basic], "the name is sent only when the meter asks"
    for hasher, word in ((hashlib.md5, "MD5"), (hashlib.sha256, "SHA-256")):
        demand = f'Digest qop="auth", realm="shelly", nonce="1755", algorithm={word}'
        with server(digested(hasher, "right"), demand) as (url, heard):
            spec = HttpMeter(url=url, path="power", user="admin", password="right", interval_s=0.05)
            assert answers(spec) == [512.0] * 3
            assert all("right" not in sent for sent in heard)
            assert heard.count("") == 1, "one challenge for all requests"
    with server(lambda sent: sent == "Bearer eyJ.x-y_z") as (url, heard):
        assert answers(HttpMeter(url=url, path="power", token="eyJ.x-y_z", interval_s=0.05)) == [512.0] * 3


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, "status 401; it asks for a login: write user and password, or token"),
        ({"user": "me", "password": "s3cret"}, "status 401; it does not accept this user and password"),
        ({"token": "s3cret"}, "status 401; it does not accept this token"),
        ({"token": "s3cret\n"}, "a letter that HTTP does not permit"),
        ({"user": 'a"b', "password": "s3cret"}, "a letter that HTTP does not permit"),
        ({"preset": "iammeter", "path": ""}, '401; write user = "admin" and password = "admin", or your own'),
    ],
)
def test_a_refused_login_says_what_to_do_and_no_secret(keys: dict[str, str], says: str) -> None:
    with server(lambda sent: False, 'Basic realm="meter"') as (url, _):
        with pytest.raises(MeterError) as caught:
            answers(HttpMeter(**{"url": url, "path": "power"} | keys))  # type: ignore[arg-type]
        assert says in str(caught.value)
        assert "s3cret" not in repr(caught.value) + repr(HttpMeter(url=url, password="s3cret", token="s3cret"))
