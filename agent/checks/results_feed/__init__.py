"""Parts of the kind ``feed``: how messages come, what they say, what state the feed is in."""
