"""XML signatures: a strict profile of XAdES baseline, B-B to B-LTA."""
