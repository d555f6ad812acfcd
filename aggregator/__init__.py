"""What runs in the centre: hears the fleet, decides, and shows."""
