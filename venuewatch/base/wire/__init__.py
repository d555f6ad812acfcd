"""The protocol between agents and aggregators: bytes to typed messages and back.

Decoding is total: any bytes give a message or a ``MalformedMessageError``. Nothing here does
I/O or asks for the time.
"""
