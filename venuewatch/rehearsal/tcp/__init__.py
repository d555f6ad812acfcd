"""Models TCP as Linux behaves: when lost packets are sent again, and when data arrives."""
