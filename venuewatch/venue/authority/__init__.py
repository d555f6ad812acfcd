"""Makes and keeps the fleet's authorities: keys, certificates, and lists of revoked ones."""
