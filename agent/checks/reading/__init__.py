"""Parts of every reading: its time, its words, its judgement; no kinds."""
