"""Kafka for workers and commands: clients, batches, dead letters, consumer lag."""
