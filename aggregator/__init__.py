"""Wing of the centre: hears the fleet, decides, and shows."""
