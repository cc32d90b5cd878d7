"""Keys with their certificates: in files (PEM, PKCS#12) and in tokens (PKCS#11). The only modules that read the disk.

A key is one of `cryptography`'s, or one in a token that has the same interface (`tokenkeys.py`).
"""
