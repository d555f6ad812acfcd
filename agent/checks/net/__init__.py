"""Network code of the checks: names, connections, datagrams, TLS, HTTP; no kinds."""
