"""Views: the answers of an aggregator as lines of a terminal, one file for each kind of answer."""
