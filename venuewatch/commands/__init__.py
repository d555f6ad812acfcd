"""Smaller subcommands of ``venuewatch``, a file each."""
