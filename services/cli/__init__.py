"""The `newsline` command line."""
