"""Kafka, Elasticsearch and the workers as ordinary processes of this machine."""
