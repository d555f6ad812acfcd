"""What the benches share: processes, brokers, fleets, and how a result is shown."""
