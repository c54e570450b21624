"""Graph's errors, as it words and shapes them."""

from typing import Any

from balcao.simulator import ids


class GraphError(Exception):
    """Is answered by Graph instead of accepting; nothing has happened."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        details: str | None = None,
        subcode: int | None = None,
        kind: str = "OAuthException",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self._error: dict[str, Any] = {"message": message, "type": kind, "code": code}
        if details is not None:
            self._error["error_data"] = {"messaging_product": "whatsapp", "details": details}
        if subcode is not None:
            self._error["error_subcode"] = subcode

    def body(self) -> dict[str, Any]:
        """Is the answer's body."""
        return {"error": {**self._error, "fbtrace_id": ids.trace_id()}}


def invalid(details: str) -> GraphError:
    """Is the refusal of a parameter that is missing, unknown, or has a bad value."""
    return GraphError(400, 100, "(#100) Invalid parameter", details=details)


def value_not_valid(details: str) -> GraphError:
    """Is the refusal of a value that refers to nothing usable."""
    return GraphError(400, 131009, "(#131009) Parameter value is not valid", details=details)


def no_token() -> GraphError:
    """Is the refusal of a call without a good token."""
    return GraphError(401, 190, "Invalid OAuth access token - Cannot parse access token")


def no_such_number(phone_number_id: str) -> GraphError:
    """Is the refusal of a call on a number that is not ours."""
    return _nothing_there("post", phone_number_id)


def no_such_object(id_: str) -> GraphError:
    """Is the refusal of a question about something that is not there, or no longer."""
    return _nothing_there("get", id_)


def media_refused(details: str) -> GraphError:
    """Is the refusal of an upload that could not be sent."""
    return GraphError(400, 131053, "(#131053) Media upload error", details=details)


def pair_limit() -> GraphError:
    """Is the refusal of too many messages to one person."""
    message = "(#131056) (Business Account, Consumer Account) pair rate limit hit"
    details = "Message failed to send because there were too many messages to the same user."
    return GraphError(400, 131056, message, details=details)


def throughput(status: int = 400) -> GraphError:
    """Is the refusal of too many messages from one number."""
    details = "Message failed to send because there were too many messages sent from this number."
    return GraphError(status, 130429, "(#130429) Rate limit hit", details=details)


def window_closed() -> GraphError:
    """Is the refusal of free text after the 24 hours."""
    return GraphError(400, 131047, "(#131047) Re-engagement message", details=_WINDOW_DETAILS)


def template_unknown(name: str, language: str) -> GraphError:
    """Is the refusal of a template that does not exist."""
    message = "(#132001) Template name does not exist in the translation"
    details = f"template name ({name}) does not exist in {language}"
    return GraphError(404, 132001, message, details=details)


def something_wrong() -> GraphError:
    """Is the answer of a Graph that has an inner fault."""
    return GraphError(500, 131000, "(#131000) Something went wrong")


def undeliverable_status() -> dict[str, Any]:
    """Is the error in the failed status of a message that cannot reach its person."""
    return _status_error(131026, "Message undeliverable", "Message Undeliverable.")


def window_status() -> dict[str, Any]:
    """Is the error in the failed status of a message outside the 24 hours."""
    return _status_error(131047, "Re-engagement message", _WINDOW_DETAILS)


def media_status(details: str) -> dict[str, Any]:
    """Is the error in the failed status of a message whose media cannot be used."""
    return _status_error(131053, "Media upload error", details)


_WINDOW_DETAILS = (
    "Message failed to send because more than 24 hours have passed since the customer last "
    "replied to this number."
)


def _nothing_there(method: str, id_: str) -> GraphError:
    message = (
        f"Unsupported {method} request. Object with ID '{id_}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation"
    )
    return GraphError(400, 100, message, subcode=33, kind="GraphMethodException")


def _status_error(code: int, title: str, details: str) -> dict[str, Any]:
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
