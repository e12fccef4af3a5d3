"""Building of the gazetteer."""
