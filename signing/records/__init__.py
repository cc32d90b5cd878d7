"""RFC 4998 evidence records: one time stamp over a batch, and for each thing in it a proof of its own for decades."""
