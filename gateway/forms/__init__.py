"""Forms: reading them, judging them, saying in four languages what is wrong. Knows no transport, store or signature."""
