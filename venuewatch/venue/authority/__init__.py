"""Makes and keeps the fleet's authorities: keys, certificates, and lists of revoked ones.

The authority for servers and those for clients are apart: no host can pass itself off as the
broker. There are two for clients from the first day, the present and the next one, since a broker
reads its list of authorities only when it starts. Each has a list of revoked certificates: without
one, a broker refuses everything that the authority has signed.
"""
