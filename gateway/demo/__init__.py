"""The demonstration: an invented cast with its keys, and the story of four forms told with real processes."""
