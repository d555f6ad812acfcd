"""The dashboards, one to a file: each is a list of rows, each row a list of panels."""
