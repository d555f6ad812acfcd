"""Results sources of a live rehearsal: each says what its results system would."""
