"""Elasticsearch: the client, bulk requests, lookups, index names and the schema."""
