"""Corrections of aiokafka 0.14, each with the reason why it is needed."""
