"""The agent's MQTT connection: one session after the other, over TCP tuned for small beats."""
