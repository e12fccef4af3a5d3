"""What the local stack starts: Kafka, Elasticsearch and workers."""
