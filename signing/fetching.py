"""What this package asks of a network, so that it has none itself: whoever uses it brings a `Fetch`."""

from typing import Protocol


class Fetch(Protocol):
    """One exchange over HTTP, bounded in time, that goes only where the installation lets it go."""

    def __call__(
        self, url: str, *, body: bytes | None = None, content_type: str | None = None, max_bytes: int
    ) -> bytes:
        """The body of the answer 200: to a POST of `body` with its `content_type`, or without these to a GET.

        Raises NotFetched.
        """
        ...
