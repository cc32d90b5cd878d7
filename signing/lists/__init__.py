"""EU trusted lists: read strictly, verified by our own verifier, kept as snapshots, asked who was supervised when."""
