"""The one-shot job that makes what the workers need, in images that have no command line."""
