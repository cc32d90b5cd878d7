"""Client of the gateway's HTTP API: one typed method for each route.

    with Client("https://gateway.example", token=token) as gateway:
        submitted = gateway.submit(signed_form)

Answers are the JSON of the API as typed dictionaries (`gateway/views.py`) or raw bytes.
Whatever is not a positive answer is a `ClientError`, which carries the problem the gateway gave. Nothing is tried again
here: `ClientError.is_temporary` tells the caller that it may.
"""

from gateway.client.calls import LEASED, ClientError
from gateway.client.routes import Client, LeasedEnvelope, OpenedCopy, Submitted

__all__ = ["LEASED", "Client", "ClientError", "LeasedEnvelope", "OpenedCopy", "Submitted"]
