"""RFC 3161 time stamps: asked for from authorities, given by an authority, verified without a network."""
