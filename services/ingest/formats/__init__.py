"""One module for each form in which an article may be sent."""
