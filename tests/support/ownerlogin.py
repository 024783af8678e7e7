"""What a browser does to log in, for tests that drive a running page over HTTP."""

import re
import urllib.parse
from http.client import HTTPConnection

PATIENCE_S = 60
"""A board in the emulator takes seconds to hash the password."""


def log_in(url: str, password: str) -> dict[str, str]:
    """Return the headers that make a change the owner's: the session's cookie and its CSRF token.

    Raises OSError while nothing answers, AssertionError with the page's text when it refuses.
    """
    connection = HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=PATIENCE_S)
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": url.rstrip("/")}
        connection.request("POST", "/login", urllib.parse.urlencode({"password": password}), form)
        answer = connection.getresponse()
        said = answer.read().decode()
        assert answer.status == 303, f"log-in refused with {answer.status}: {said}"
        cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        connection.request("GET", "/login", headers={"Cookie": cookie})
        page = connection.getresponse().read().decode()
        token = re.search(r'<meta name="csrf-token" content="(\w+)">', page)
        assert token is not None, "the page gives a logged-in browser no CSRF token"
        return {"Cookie": cookie, "X-CSRF-Token": token[1]}
    finally:
        connection.close()
