"""A reference receiver: takes sealed copies that the gateway pushes, keeps them, answers with a signed receipt.

Made to be copied: `inbox.py` is what must be right, `app.py` the HTTP around it, `callback.py` the receipts
that are sent afterwards, `config.py` the settings.
"""
