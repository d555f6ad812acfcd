"""Protocol between agents and aggregators: total decoding and encoding, without I/O or a clock."""
