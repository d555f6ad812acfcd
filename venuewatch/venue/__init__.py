"""Brings a venue into the fleet and out of it again: credentials, access rules, inventory, files.

1. ``add`` reads a description and a list of hosts, and tells every line that is wrong at once.
2. It makes a key and a certificate for each host, and all files that follow from the fleet: the
   venue's file in ``inventory.d``, the broker's access rules, the packet filter's sets, the
   agents'.
3. ``renew`` replaces certificates, and the lists of revoked ones; ``revoke`` ends a host's right to
   speak, and shows that it has ended; ``remove`` takes the venue out.

Every command works out all files first. ``--dry-run`` shows them and writes none. All of them
change, or none: a full disk leaves all as it was, and what an interrupted command left half done is
done by the next one, before anything else.
"""
