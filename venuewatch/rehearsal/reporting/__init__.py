"""Report of a run: what a score says of it, for people, as a page, tables and lines."""
