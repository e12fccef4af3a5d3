"""Tokens, sentences, language and fingerprint of a text."""
