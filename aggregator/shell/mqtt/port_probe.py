"""Port question: connects to the broker's port as an unknown client, and waits for an answer.

The kernel of a frozen broker still accepts connections, so only a byte from the broker is an
answer. The client has no credentials and no client id, so that it takes over no session. A
refusal by the broker is an answer, too.
"""

import asyncio
import ssl

import mqtt5

from aggregator.config import Broker
from aggregator.core.verdicts.centre import Port
from venuewatch.base import config

PATIENCE_S = 1.0

_GREETING = mqtt5.ConnectPacket("", clean_start=True, keep_alive=5).write()


async def ask(where: Broker) -> Port:
    """Return the port's answer, or ``silent`` after a second."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _greet(where)
    except TimeoutError:
        return "silent"
    except (ConnectionRefusedError, config.ConfigError):
        return "refuses"
    except (ssl.SSLError, ConnectionResetError):
        return "answers"
    except OSError:
        return "silent"


async def _greet(where: Broker) -> Port:
    reader, writer = await asyncio.open_connection(
        where.address, where.port, ssl=config.tls_context(where)
    )
    try:
        writer.write(_GREETING)
        await reader.read(1)  # an end of the stream is an answer, too: the broker closed it
    finally:
        writer.transport.abort()
    return "answers"
