"""Sends events to one web address, in a thread of its own: a slow or dead receiver delays nothing.

At most MOST_OF_ALL events wait; when there are more, the oldest are lost. An event is tried three times.
"""

import http.client
import json
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from v2h.bus.messages import Event
from v2h.config.neighbours import Notices as Spec
from v2h.gateway.notices import MOST_OF_ALL, Notices

TIMEOUT_S = 5.0
WAITS_S = (10.0, 60.0)
"""Before the second and the third try."""
END_S = 1.0


class WebhookError(ValueError):
    """The configured address cannot be used."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Nothing is sent to an address that the owner did not write down."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Webhook:
    """say(about, text): logs a change of a lasting state once; called in the thread."""

    def __init__(self, spec: Spec, site: str, say: Callable[[str, str], None]) -> None:
        """Raises WebhookError for an address that is neither http nor https."""
        if urlsplit(spec.webhook).scheme not in ("http", "https"):
            raise WebhookError("the webhook is not an address that begins with http:// or https://")
        self._spec, self._site, self._say = spec, site, say
        self._notices = Notices(spec.level)
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MOST_OF_ALL)
        self._over = threading.Event()
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def notice(self, event: Event, at: str, now: float) -> None:
        """Send the event, if it is one of those that leave the house. at: ISO time, "" while the clock is not right."""
        if not self._notices.may(event, now):
            return
        said = {
            "site": self._site, "at": at, "level": event.level, "code": event.code, "text": str(event.text),
            "source": event.source, "left_out": self._notices.take_left_out(),
        }  # fmt: skip
        self._put(json.dumps(said).encode())

    def close(self) -> None:
        self._over.set()
        self._put(None)
        self._thread.join(END_S)

    def _put(self, body: bytes | None) -> None:
        while True:
            try:
                self._waiting.put_nowait(body)
                return
            except queue.Full:
                self._waiting.get_nowait()

    def _run(self) -> None:
        while (body := self._waiting.get()) is not None:
            for wait_s in (*WAITS_S, 0.0):
                why = self._post(body)
                self._say("the webhook", why)
                if not why or self._over.wait(wait_s):
                    break

    def _post(self, body: bytes) -> str:
        """Why it was not delivered; "" when it was. Never the address, which may be a secret."""
        headers = {"Content-Type": "application/json"}
        if self._spec.token:
            headers["Authorization"] = f"Bearer {self._spec.token}"
        try:
            request = urllib.request.Request(self._spec.webhook, body, headers, method="POST")
            with self._opener.open(request, timeout=TIMEOUT_S):
                return ""
        except urllib.error.HTTPError as error:
            error.close()
            return f"the answer is {error.code}"
        except (OSError, ValueError, http.client.HTTPException) as error:
            return f"no answer ({type(error).__name__})"
