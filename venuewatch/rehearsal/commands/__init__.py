"""Sub-commands of ``venuewatch rehearse``: one file each, named in the table of ``command.py``."""
