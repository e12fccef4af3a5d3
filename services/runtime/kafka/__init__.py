"""How workers talk to Kafka."""
