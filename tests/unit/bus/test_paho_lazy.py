"""The modules that paho imports without need are loaded at their first use, and are then the real ones."""

import subprocess
import sys

HEAVY = "print(*[name for name in ('http.client', 'email.parser', '_ssl', 'tempfile') if name in sys.modules])"
USE = (
    "import ssl, urllib.request; print(ssl.SSLContext, urllib.request.Request.__module__, sys.modules['ssl'].__file__)"
)


def said(*statements: str) -> list[str]:
    code = "; ".join(("import sys, v2h.bus.paho_lazy", *statements))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()


def test_what_loopback_never_needs_is_not_imported() -> None:
    assert said(HEAVY) == [""]


def test_who_needs_it_gets_it() -> None:
    ours, *_ = said(USE)
    assert ours.startswith("<class 'ssl.SSLContext'> urllib.request /")


def test_what_was_there_before_stays() -> None:
    assert said("import urllib.request", "print(type(urllib.request).__name__)")[0] == "_Late"
    code = "import ssl, urllib.request, v2h.bus.paho_lazy; print(type(ssl).__name__, type(urllib.request).__name__)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["module", "module"]
