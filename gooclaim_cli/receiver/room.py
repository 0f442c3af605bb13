"""Room: how many deliveries are with somebody else, and how much memory their bodies take."""


class Room:
    """There is room while fewer than `most` are there, of fewer than `most_bytes` together."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._left = most
        self._bytes_left = most_bytes

    @property
    def is_there(self) -> bool:
        """Whether one more may come, however large."""
        return self._left > 0 and self._bytes_left > 0

    def enter(self, body: bytes) -> None:
        """One comes."""
        self._left -= 1
        self._bytes_left -= len(body)

    def leave(self, body: bytes) -> None:
        """It is gone."""
        self._left += 1
        self._bytes_left += len(body)
