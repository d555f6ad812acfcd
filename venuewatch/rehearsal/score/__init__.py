"""Score of a run: measures by witness, reader and receiver, and never by the injector's word."""
