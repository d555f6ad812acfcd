"""The journal: what must outlive the process, in SQLite."""
