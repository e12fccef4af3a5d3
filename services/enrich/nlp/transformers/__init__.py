"""The fine-tuned transformers of the accurate path."""
