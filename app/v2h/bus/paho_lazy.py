"""paho's MQTT client without the modules that take three quarters of its import time and that an appliance on loopback
never needs.

paho 2.1 imports urllib.request, for the proxies of its websockets, and ssl: 46 of 58 ms on a desk, in every program.
Here they are imported when one of their attributes is first read.
"""

import importlib
import sys
import urllib
from types import ModuleType
from typing import Any


class _Late(ModuleType):
    """Takes the module's place in sys.modules until one of its attributes is read."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


if "urllib.request" not in sys.modules:
    urllib.request = sys.modules["urllib.request"] = _Late("urllib.request")
sys.modules.setdefault("ssl", _Late("ssl"))

import paho.mqtt.client as mqtt  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion  # noqa: E402

__all__ = ["CallbackAPIVersion", "mqtt"]
