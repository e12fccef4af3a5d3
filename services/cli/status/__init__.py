"""`newsline status`."""
