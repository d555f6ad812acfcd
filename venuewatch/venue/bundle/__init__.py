"""Makes one archive for a venue: all that its hosts need, but for their private keys.

1. ``wheels`` chooses from a folder of wheels those that each Python and architecture needs, or
   says by name which one is missing. ``markers`` tells what a wheel requires there.
2. ``content`` lists every file of the archive, and refuses one that holds a private key.
3. ``archive`` writes the list as a tar file, its manifest first, and returns its SHA-256.
4. ``host`` goes into the archive. It runs on the hosts.
"""
