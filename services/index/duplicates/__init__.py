"""Near-duplicates: the rules, and looking them up."""
