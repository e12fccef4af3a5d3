"""`newsline demo`."""
