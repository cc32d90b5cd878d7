"""A small witness for journals, made to be copied: it remembers how long each was, and signs only what extends it.

It needs `signing` and nothing of the gateway.
"""
