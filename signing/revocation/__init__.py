"""Revocation: OCSP answers and lists collected when a signature arrives, kept, and judged later without a network."""
