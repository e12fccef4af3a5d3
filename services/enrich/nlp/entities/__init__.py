"""Named entity recognition, and merging of aliases."""
