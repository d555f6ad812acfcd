"""Parts of the kind ``feed``: its folder, its pushes, its messages, its state."""
