"""Named entities: recognition and merging of aliases."""
