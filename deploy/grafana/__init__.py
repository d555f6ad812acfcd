"""Makes the Grafana dashboards: ``python -m deploy.grafana`` writes them into ``generated/``."""
