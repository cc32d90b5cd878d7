"""Signature formats, one module or folder each."""
