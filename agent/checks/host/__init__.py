"""Code of the checks that looks at this machine: programs, processes, files; no kinds."""
