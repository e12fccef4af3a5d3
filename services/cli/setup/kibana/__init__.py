"""Kibana's data views, searches and dashboard."""
