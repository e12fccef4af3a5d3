"""Near-duplicates: the rules, the search for them, and those of the last moments."""
