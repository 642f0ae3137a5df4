"""`python -m benchmarks.echo CLIENT HOST PORT`: says back whatever it hears, as a bare participant, until it is ended.

It is the service without a service: the same quality of service, acknowledged and announced in a message of the same
shape, but nothing read, decided or kept. CLIENT is `paho`, the library as it comes, which is what people build
participants from; or `own`, the client that the service has.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from router.adapters.mqtt import MqttBus
from router.ports import Publication

CLIENTS = ("paho", "own")
BATCH_MAX = 256
PROPERTIES = (
    ("specversion", "1.0"),
    ("id", "123456"),
    ("source", "engine"),
    ("type", "contact.arrived"),
    ("time", "2026-01-05T01:15:00.000Z"),
    ("datacontenttype", "application/json"),
    ("subject", "fast0-1234"),
    ("sequence", "123456"),
    ("cause", "load fast0-1234.1"),
)
"""What an announcement repeats of its body (MQTT 5 user properties)."""


def heard(client: str) -> str:
    """The topic of what is to be said back; as long as the service's, for brokers compare and copy topics too."""
    return f"echo/v1/{client}/in/load"


def said(client: str) -> str:
    """The topic of what is said back."""
    return f"echo/v1/{client}/out/contact/load-1234/contact.arrived"


def there(client: str) -> str:
    """The topic on which the echo says that it is there."""
    return f"echo/v1/{client}/status"


async def run_own(host: str, port: int) -> None:
    """Echo with the service's client, until cancelled."""
    topic, here = heard("own"), there("own")
    async with MqttBus(host, port, client_id="own", subscriptions=[topic], availability=here, session_s=0) as bus:
        while True:
            messages = await bus.receive(BATCH_MAX)
            bus.acknowledge(messages)
            await bus.publish([Publication(said("own"), each.payload, properties=PROPERTIES) for each in messages])


def run_paho(host: str, port: int) -> None:
    """Echo with paho alone, until killed."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.UserProperty = list(PROPERTIES)
    client = Client(CallbackAPIVersion.VERSION2, client_id="paho", protocol=MQTTProtocolVersion.MQTTv5)
    client.max_inflight_messages_set(0)  # Its bound, 20, is for slower lines.

    def say_back(_client: Client, _data: object, message: MQTTMessage) -> None:
        client.publish(said("paho"), message.payload, qos=1, properties=properties)

    def say_there(*_: Any) -> None:
        client.publish(there("paho"), b"online", qos=1, retain=True)

    def subscribe(*_: Any) -> None:
        client.subscribe(heard("paho"), qos=1)

    client.on_message, client.on_subscribe, client.on_connect = say_back, say_there, subscribe
    client.connect(host, port)
    client.loop_forever()


if __name__ == "__main__":
    if sys.argv[1] == "own":
        asyncio.run(run_own(sys.argv[2], int(sys.argv[3])))
    else:
        run_paho(sys.argv[2], int(sys.argv[3]))
