"""Small and strict: what a fake allows, the real thing allows too."""
