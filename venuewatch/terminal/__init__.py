"""Text on a terminal, a pipe or a file: what the commands share."""
