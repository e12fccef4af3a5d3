"""Natural-language analysis: title and text in, entities, sentiment and keywords out."""
