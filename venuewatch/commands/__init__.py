"""The smaller subcommands of ``venuewatch``, a file each."""
