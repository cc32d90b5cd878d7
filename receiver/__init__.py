"""A reference receiver: takes sealed copies that the gateway pushes, keeps them, answers with a signed receipt.

Made to be copied: `inbox.py` is what must be right, `app.py` the HTTP around it, `config.py` the settings.
"""
