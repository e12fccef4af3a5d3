"""The Java runtime, the servers' jars and their pinned versions."""
