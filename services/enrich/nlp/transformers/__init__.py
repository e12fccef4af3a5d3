"""The ensemble path: fine-tuned transformers beside the models of the default path."""
