"""``make env``: the passwords of a new installation, random, in a file that is never committed."""
