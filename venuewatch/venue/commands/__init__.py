"""The sub-commands of ``venuewatch venue``, a module each."""
