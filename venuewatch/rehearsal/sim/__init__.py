"""The real core on a virtual clock, against a model of agents, links, broker and observer."""
