"""The API for programs, and the view model of page and terminal: one file a resource."""
