"""A log that can only grow: the tree over its entries, its signed checkpoints, proofs that anyone can check offline."""
