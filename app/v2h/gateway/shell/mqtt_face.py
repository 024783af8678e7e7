"""The face on the broker of the house: values out, commands in, for Home Assistant, evcc and everyone else there."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from v2h.bus.messages import Event, Reply
from v2h.config.neighbours import HouseBroker
from v2h.gateway import evcc, home_assistant, topics
from v2h.gateway.house import House
from v2h.gateway.notices import Notices
from v2h.gateway.orders import BadOrderError, Order, read_wish
from v2h.gateway.shell.commander import Give
from v2h.gateway.shell.house_broker import Connected, Connection, Heard, Lost
from v2h.gateway.topics import Publication, States
from v2h.gateway.values import values
from v2h.runtime.atomic_file import write_text

NAME = "MQTT"
Say = Callable[[str, str], None]
"""say(about, text): logs a change of a lasting state once."""


class MqttFace:
    """One connection and what it needs. kept: the file with the topics in use and the id of the device, so that another
    name takes the old entries of the broker away and keeps Home Assistant's entities. All `now` are monotonic s."""

    def __init__(self, spec: HouseBroker, house: House, give: Give, say: Say, kept: Path, certificate: Path | None):
        """Raises BrokerError."""
        self._spec, self._house, self._give, self._say, self._kept = spec, house, give, say, kept
        self._base = base = spec.topic
        self._before = _read(kept)
        self._id = self._before.get("id") or home_assistant.node(self._before.get("topic") or base)
        self._evcc = evcc.Evcc()
        self._states = States(base)
        self._discovered: Publication | None = None
        self._notices = Notices(spec.events)
        subscribed = topics.subscriptions(base)
        if spec.discovery:
            subscribed = (*subscribed, home_assistant.birth_topic(spec.discovery_topic))
        offline = Publication(f"{base}/status", topics.OFFLINE)
        self._greeted = False
        """This connection has been greeted: old entries go before the first new value."""
        self._link = Connection(spec, home_assistant.node(base), offline, subscribed, certificate)

    def fileno(self) -> int:
        return self._link.heard.fileno()

    def read(self, now: float) -> None:
        """Something came from the broker."""
        for item in self._link.heard.take():
            if isinstance(item, Heard):
                self._hear(item, now)
            elif isinstance(item, Connected):
                self._say("the broker of the house", "")
                self._greet(now)
            elif isinstance(item, Lost):
                self._greeted = False
                self._say("the broker of the house", item.why)

    def look(self, now: float) -> None:
        """Call twice a second: publish what is due."""
        if not (self._greeted and self._link.connected):
            return
        if self._discovered is not None:
            self._discover()
        known = evcc.reading(self._evcc, self._house, now)
        self._link.publish(self._states.due(now, values(self._house, now), known))

    def notice(self, event: Event, at: str) -> None:
        """Tell the event, if it is one of those that leave the house. at: ISO time, "" while the clock is not right."""
        if self._notices.may(event, time.monotonic()):
            self._link.publish([topics.notice(self._base, event, at, self._notices.take_left_out())])

    def close(self) -> None:
        self._link.close(Publication(f"{self._base}/status", topics.OFFLINE))

    def _greet(self, now: float) -> None:
        """A new connection, or Home Assistant has started: everything again."""
        self._remove_old()
        if self._spec.discovery:
            self._discovered = None
            self._discover()
        else:
            self._link.publish([home_assistant.removal(self._spec.discovery_topic, self._id)])
        self._states.forget()
        self._greeted = True
        self.look(now)

    def _discover(self) -> None:
        """Publish the device, if it is not the one that was published last."""
        made = home_assistant.discovery(self._spec.discovery_topic, self._base, self._id, self._house)
        if made != self._discovered:
            self._discovered = made
            self._link.publish([made])

    def _remove_old(self) -> None:
        """Take the entries of an earlier name of the topics away, once."""
        present = {"topic": self._base, "discovery_topic": self._spec.discovery_topic, "id": self._id}
        if self._before == present:
            return
        old_base, old_prefix = self._before.get("topic"), self._before.get("discovery_topic")
        if old_prefix and old_prefix != self._spec.discovery_topic:
            self._link.publish(home_assistant.departure(old_prefix, self._id))
        if old_base and old_base != self._base:
            self._link.publish(topics.removal(old_base))
        self._before = present
        try:
            write_text(self._kept, json.dumps(present))
        except OSError as error:
            self._say("the names of the topics", f"{self._kept}: {error}")

    def _hear(self, heard: Heard, now: float) -> None:
        if heard.topic == home_assistant.birth_topic(self._spec.discovery_topic):
            if heard.payload == b"online" and not heard.retained:
                self._greet(now)
            return
        wish = topics.wish(self._base, heard.topic)
        if wish is None:
            return
        if heard.retained:
            self._say("a retained command", f"{heard.topic}: ignored; publish commands without retain")
            return
        try:
            order = self._order(wish, heard, now)
        except BadOrderError as error:
            self._answer(wish.name, None, str(error))
            return
        self._give(order, now, lambda reply, why: self._answer(wish.name, reply, why))
        self.look(now)

    def _order(self, wish: topics.Wish, heard: Heard, now: float) -> Order:
        if not wish.of_evcc:
            return read_wish(wish.name, heard.payload, by=NAME, lifetime_s=heard.lifetime_s)
        text = heard.payload.decode(errors="replace")
        self._evcc, order = evcc.asked(self._evcc, wish.name, text, self._house, now)
        return order

    def _answer(self, name: str, reply: Reply | None, why: str) -> None:
        self._link.publish([topics.answer(self._base, name, reply, why)])


def _read(path: Path) -> dict[str, str]:
    """The kept names; {} when there are none."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in known.items() if isinstance(value, str)} if isinstance(known, dict) else {}
