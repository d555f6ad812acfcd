"""What witnesses of a live world look at: packets, messages of a host, and the centre's own."""
