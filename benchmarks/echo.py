"""`python -m benchmarks.echo HOST PORT`: says back whatever it hears, as a bare participant, until it is ended.

It is the service without a service: the same client, the same quality of service, acknowledged and announced, but
nothing read, decided or kept.
"""

from __future__ import annotations

import asyncio
import sys

from router.adapters.mqtt import MqttBus
from router.ports import Publication

HEARD, SAID, THERE = "echo/in", "echo/out", "echo/there"
BATCH_MAX = 256


async def run(host: str, port: int) -> None:
    """Until cancelled."""
    async with MqttBus(host, port, client_id="echo", subscriptions=[HEARD], availability=THERE, session_s=0) as bus:
        while True:
            messages = await bus.receive(BATCH_MAX)
            bus.acknowledge(messages)
            await bus.publish([Publication(SAID, message.payload) for message in messages])


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2])))
