"""Natural-language analysis of articles: entities, sentiment, keywords, location, fingerprint."""
