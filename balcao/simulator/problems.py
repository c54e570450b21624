"""A refusal of the control API: a status, a stable code, a sentence."""


class Problem(Exception):
    """Is answered as problem+json; whatever raises it has changed nothing."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail

    def body(self) -> dict[str, object]:
        """Is the answer's body as RFC 9457 has it."""
        return {
            "type": "about:blank",
            "title": self.code,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
