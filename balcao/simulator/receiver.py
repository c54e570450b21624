"""The way to Balcão: signed POSTs to its webhook, and the verification that precedes them."""

import secrets

import aiohttp

from balcao.simulator.envelope import sign

ANSWER_WITHIN_S = 10.0


class NoAnswerError(Exception):
    """Says that the receiver gave no answer, and why, in one word."""


class Receiver:
    """Posts bodies to one webhook address."""

    def __init__(
        self,
        url: str | None,
        app_secret: str,
        verify_token: str,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self.url = url
        self._answer_within_s = answer_within_s
        self._app_secret = app_secret
        self._verify_token = verify_token
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Makes ready to call."""
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=5)
        timeout = aiohttp.ClientTimeout(total=self._answer_within_s)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)

    async def close(self) -> None:
        """Drops all connections."""
        if self._session is not None:
            await self._session.close()

    async def post(self, body: bytes) -> int:
        """Signs and posts exactly these bytes; gives the status of the answer."""
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": sign(self._app_secret, body),
            "User-Agent": "facebookexternalua",
        }
        session, url = self._ready()
        try:
            async with session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                return answer.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as problem:
            raise NoAnswerError(type(problem).__name__) from problem

    async def verify(self) -> bool:
        """Asks as Meta does when the address is set up; true if the challenge came back."""
        challenge = str(secrets.randbelow(10**10))
        query = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self._verify_token,
        }
        session, url = self._ready()
        try:
            async with session.get(url, params=query, allow_redirects=False) as answer:
                return answer.status == 200 and await answer.text() == challenge
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as problem:
            raise NoAnswerError(type(problem).__name__) from problem

    def _ready(self) -> tuple[aiohttp.ClientSession, str]:
        if self._session is None or self.url is None:
            raise NoAnswerError("NoAddress")
        return self._session, self.url
