"""Parts of the kind ``feed``: its intake, its messages, its state."""
