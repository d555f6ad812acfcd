"""Makes the run sheet of a rehearsal: which scenario, where, when, and by which officer."""
