"""The icons that a telephone puts on its home screen, and the manifest that names them."""

import hashlib
import json
import struct
from pathlib import Path

from tests.support.webapp import WebApp
from v2h.web.pages import STATIC


def test_the_manifest_names_each_icon_as_it_is_now(tmp_path: Path) -> None:
    client = WebApp(tmp_path).make(reading_open=False).test_client()
    answer = client.get("/static/app.webmanifest?v=1")
    assert (answer.status_code, answer.mimetype) == (200, "application/manifest+json")
    assert "max-age=86400" in answer.headers["Cache-Control"]
    said = json.loads(answer.get_data())
    assert (said["display"], said["start_url"]) == ("standalone", "/")
    answer.close()
    for icon in said["icons"]:
        name, _, content = icon["src"].partition("?v=")
        data = (STATIC / name).read_bytes()
        assert content == hashlib.sha256(data).hexdigest()[:12], f"{name} has changed: run docs/icons.py"
        if icon["type"] == "image/png":
            assert icon["sizes"] == "{}x{}".format(*struct.unpack(">II", data[16:24]))
    assert {icon["sizes"] for icon in said["icons"]} >= {"192x192", "512x512"}, "what Android asks for"


def test_every_page_names_the_manifest_by_its_content(tmp_path: Path) -> None:
    client = WebApp(tmp_path).make().test_client()
    for path in ("/", "/login"):
        page = client.get(path).get_data(as_text=True)
        for name in ("app.webmanifest", "icon-180.png"):
            assert f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}" in page
