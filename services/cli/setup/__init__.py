"""`newsline setup`."""
