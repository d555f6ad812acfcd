"""What the broker's port says to a stranger: an answer, a refusal, or nothing.

A frozen broker's kernel still accepts connections, so accepting is no answer: it must say
something. We come without credentials and without a client id, so that nobody is thrown out;
being turned away is an answer too.
"""

import asyncio
import ssl

import mqtt5

from aggregator.config import Broker
from aggregator.core.cases import Port
from venuewatch.base import config

PATIENCE_S = 1.0

_GREETING = mqtt5.ConnectPacket("", clean_start=True, keep_alive=5).write()


async def ask(where: Broker) -> Port:
    """Return what the port says within a second."""
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
        await reader.read(1)  # an end of the stream is an answer too: somebody closed it
    finally:
        writer.transport.abort()
    return "answers"
