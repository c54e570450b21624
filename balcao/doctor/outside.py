"""What can be seen of an installation from without: by its address, and in what Meta knows of it.

WhatsApp is silent where it has been set up wrongly: nothing comes in, and nobody is told.  So
everything on which a webhook's way depends is asked one by one, from the address to the account,
and a finding names the first thing to mend.  What cannot be asked because of such a finding is
not guessed at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from balcao.store.health import Number as Ours
from balcao.whatsapp.account import Account, Denied, Number, Token, Unanswered
from balcao.whatsapp.address import WEBHOOK_PATH, Distrusted, Door, certificate_ends_at

CERTIFICATE_LEFT_MIN = timedelta(days=14)
TOKEN_LEFT_MIN = timedelta(days=14)
CLOCKS_APART_MAX = timedelta(seconds=60)
ZERO = timedelta()
SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
FIELD = "messages"

#: WhatsApp's codes for a token that is not good; others are about what was asked.
TOKEN_CODES = frozenset({0, 102, 190})

#: What to do about a number that registering does not bring into service.
MENDS: Mapping[str, str] = {
    "BANNED": "Ask for a review at Meta (business support home).",
    "RESTRICTED": "See at Meta (WhatsApp, phone numbers) for how long, and why.",
    "FLAGGED": "Customers block or report it: write less to those who did not ask.",
}


class Finding(NamedTuple):
    """A sentence of what is wrong, and one of how to mend it."""

    wrong: str
    mend: str

    def __str__(self) -> str:
        """Both, as the command line tells them."""
        return f"{self.wrong} {self.mend}"


@dataclass(frozen=True)
class Told:
    """What the operator has set, as far as the world has to agree with it."""

    public_url: str | None
    verify_token: str | None = field(repr=False)
    app_secrets: Sequence[str] = field(repr=False)
    access_token: str | None = field(repr=False)
    graph_url: str
    graph_version: str

    @property
    def webhook(self) -> str | None:
        """Where WhatsApp has to deliver."""
        return self.public_url and self.public_url.rstrip("/") + WEBHOOK_PATH


@dataclass(frozen=True)
class Clock:
    """The time that all is counted by, as of a moment of the event loop."""

    at: datetime
    loop_at: float

    def when(self, loop_at: float) -> datetime:
        """The time at another moment of the event loop."""
        return self.at + timedelta(seconds=loop_at - self.loop_at)


async def of_address(told: Told, clock: Clock) -> list[Finding]:
    """What is wrong with the way from outside to this server."""
    url = told.public_url
    if url is None:
        return []
    try:
        ends_at = await certificate_ends_at(url)
        ours = await _is_ours(told)
    except Distrusted as error:
        return [
            Finding(
                f"The certificate of {url} is not one that WhatsApp accepts ({error}).",
                "Give the proxy one of a public authority, with its intermediate certificates.",
            )
        ]
    except Unanswered as error:
        return [
            Finding(
                f"{url} cannot be reached from here ({error}).",
                "Start the server, and let the name, the firewall and the proxy lead to it.",
            )
        ]
    findings = [] if ours is None else [ours]
    if ends_at is not None and ends_at - clock.at < CERTIFICATE_LEFT_MIN:
        findings.append(
            Finding(
                f"The certificate of {url} ends on {ends_at:%Y-%m-%d}.",
                "Renew it, and see why that did not happen by itself.",
            )
        )
    return findings


async def _is_ours(told: Told) -> Finding | None:
    """What is wrong with whoever answers at the public address."""
    assert told.public_url is not None
    async with Door.open(told.public_url) as door:
        if not await door.is_ours():
            return Finding(
                f"Something else than this server answers at {told.public_url}.",
                "Let the name and the proxy lead to where 'balcao serve' listens, with every path.",
            )
        if told.verify_token and not await door.verifies(told.verify_token):
            return Finding(
                f"The server at {told.public_url} does not know this BALCAO_VERIFY_TOKEN, so "
                "WhatsApp could not verify the webhook.",
                "Start the server again with the settings of this command.",
            )
    return None


async def of_whatsapp(told: Told, numbers: Sequence[Ours], clock: Clock) -> list[Finding]:
    """What is wrong with what Meta knows of the *numbers* and of the app that serves them."""
    findings: list[Finding] = []
    async with Account.open(told.graph_url, told.graph_version) as graph:
        try:
            for token, ours in _by_token(numbers, told.access_token).items():
                findings += await _of_token(graph, told, clock, token, ours)
        except Denied as denied:
            findings.append(
                Finding(
                    f"WhatsApp does not answer all that is asked of it ({denied}).",
                    "Wait for some minutes, and ask again.",
                )
            )
        except Unanswered as error:
            findings.append(
                Finding(
                    f"WhatsApp cannot be asked at {told.graph_url} ({error}).",
                    "Let this machine reach it: look at its name service and its firewall.",
                )
            )
        return findings + _of_clock(graph.told_at, clock)


def _by_token(numbers: Sequence[Ours], default: str | None) -> dict[str, list[Ours]]:
    """The numbers that each access token serves."""
    served: dict[str, list[Ours]] = {}
    for number in numbers:
        token = number.access_token or default
        if token:
            served.setdefault(token, []).append(number)
    return served


def _of_clock(told_at: tuple[datetime, float] | None, clock: Clock) -> list[Finding]:
    if told_at is None:
        return []
    theirs, loop_at = told_at
    ahead = clock.when(loop_at) - theirs
    if abs(ahead) <= CLOCKS_APART_MAX:
        return []
    seconds, where = round(abs(ahead).total_seconds()), "ahead of" if ahead > ZERO else "behind"
    return [
        Finding(
            f"The database's clock is {seconds} s {where} WhatsApp's, so the 24 hours for answers "
            "are counted wrongly.",
            "Let its machine take the time from the network (NTP).",
        )
    ]


async def _of_token(
    graph: Account, told: Told, clock: Clock, token: str, ours: Sequence[Ours]
) -> list[Finding]:
    """What is wrong with an access token, its app, and the numbers that it serves."""
    names = ", ".join(f"+{number.display_number}" for number in ours)
    try:
        known = await graph.token(token)
    except Denied as denied:
        if denied.code in TOKEN_CODES:
            return [_not_accepted(names, str(denied))]
        return [
            Finding(
                f"WhatsApp does not tell what the access token of {names} is good for ({denied}).",
                "Assign the app to the system user at Meta, with full control.",
            )
        ]
    if not known.valid:
        return [_not_accepted(names, known.why or "it has ended")]
    findings = _of_ending(known, names, clock) + await _of_app(graph, told, token, known)
    lacking = [scope for scope in SCOPES if scope not in known.scopes]
    if lacking:
        return [
            *findings,
            Finding(
                f"The access token of {names} lacks the permission {' and '.join(lacking)}.",
                f"Make a new one for the system user, with {' and '.join(SCOPES)}.",
            ),
        ]
    for number in ours:
        findings += await _of_number(graph, told, token, known, number)
    return findings


def _not_accepted(names: str, why: str) -> Finding:
    return Finding(
        f"WhatsApp does not accept the access token of {names} ({why}).",
        "Make a new one for the system user at Meta, set BALCAO_ACCESS_TOKEN, and start the "
        "server again.",
    )


def _of_ending(known: Token, names: str, clock: Clock) -> list[Finding]:
    if known.ends_at is None or known.ends_at - clock.at >= TOKEN_LEFT_MIN:
        return []
    return [
        Finding(
            f"The access token of {names} ends on {known.ends_at:%Y-%m-%d %H:%M} UTC.",
            "Make one that never does: a system user's, not the one shown under API set-up.",
        )
    ]


async def _of_app(graph: Account, told: Told, token: str, known: Token) -> list[Finding]:
    """What is wrong with the app's secret, and with what its webhook is told."""
    fitting = [one for one in told.app_secrets if await graph.is_secret(token, one)]
    app = f"the app {known.app_name or known.app_id}"
    if told.app_secrets and not fitting:
        return [
            Finding(
                f"BALCAO_APP_SECRETS does not hold the secret of {app}, to which the access token "
                "belongs, so its webhooks are refused.",
                "Copy it from the app's basic settings at Meta, and start the server again.",
            )
        ]
    for secret in fitting[:1]:
        try:
            fields = await graph.fields(known.app_id, secret)
        except Denied as denied:
            return [
                Finding(
                    f"WhatsApp does not tell what {app} is subscribed to ({denied}).",
                    f"See at Meta (WhatsApp, configuration) that it is to the field '{FIELD}'.",
                )
            ]
        if FIELD not in fields:
            return [
                Finding(
                    f"The webhook of {app} is not subscribed to the field '{FIELD}', so no "
                    "customer is heard.",
                    f"Enter {told.webhook or 'the webhook'} and the verify token at Meta "
                    "(WhatsApp, configuration), and subscribe to the field there.",
                )
            ]
    return []


async def _of_number(
    graph: Account, told: Told, token: str, known: Token, ours: Ours
) -> list[Finding]:
    """What is wrong with one number and its account."""
    name, id = f"+{ours.display_number}", ours.phone_number_id
    try:
        number = await graph.number(token, id)
    except Denied as denied:
        return [
            Finding(
                f"WhatsApp shows this access token no number {name} with the phone number ID {id} "
                f"({denied}).",
                "Compare the ID with Meta's (WhatsApp, API set-up) and add the number again, or "
                "assign its account to the system user.",
            )
        ]
    register = f"{told.graph_url}/{told.graph_version}/{id}/register"
    findings = _of_service(name, number, register) + _of_delivery(name, number, told)
    if number.digits and number.digits != ours.display_number:
        findings.append(
            Finding(
                f"The phone number ID {id} is the number +{number.digits} at WhatsApp, not {name}.",
                "Run 'balcao number add' again with the two that belong together.",
            )
        )
    return findings + await _of_account(graph, told, token, known, name, number.account)


def _of_service(name: str, number: Number, register: str) -> list[Finding]:
    """What keeps a number from being written to, the first such thing.

    One is brought into service by a POST to *register*.
    """
    if number.platform == "ON_PREMISE":
        return [
            Finding(
                f"{name} is still with WhatsApp's on-premises API.",
                "Move it to the Cloud API at Meta (WhatsApp, phone numbers).",
            )
        ]
    if number.status is not None and number.status != "CONNECTED":
        return [
            Finding(
                f"{name} is not well connected to WhatsApp (its status is {number.status}).",
                MENDS.get(number.status, f"Register it, with a PIN of your own, by {register}."),
            )
        ]
    if not number.verified:
        return [
            Finding(
                f"{name} has not been verified with a code.",
                "Ask for one by text message or call at Meta (WhatsApp, phone numbers), and enter "
                "it there.",
            )
        ]
    if number.blocked is not None:
        why, help = number.blocked
        why = why.rstrip(".") or "it does not say why"
        return [
            Finding(
                f"WhatsApp lets {name} send nothing ({why}).",
                help or "See at Meta what its account needs.",
            )
        ]
    return []


def _of_delivery(name: str, number: Number, told: Told) -> list[Finding]:
    if told.webhook is None or number.webhook == told.webhook:
        return []
    now = f"delivered to {number.webhook}" if number.webhook else "delivered nowhere"
    return [
        Finding(
            f"What customers write to {name} is {now}.",
            f"Enter {told.webhook} and the verify token at Meta (WhatsApp, configuration), and "
            "take away whatever overrides it.",
        )
    ]


async def _of_account(
    graph: Account, told: Told, token: str, known: Token, name: str, account: str | None
) -> list[Finding]:
    if account is None:
        return [
            Finding(
                f"WhatsApp does not say which account {name} belongs to.",
                "Assign its account to the system user at Meta, with full control.",
            )
        ]
    try:
        apps = await graph.apps(token, account)
    except Denied as denied:
        return [
            Finding(
                f"WhatsApp does not show this access token the account {account} of {name} "
                f"({denied}).",
                "Assign it to the system user at Meta, with full control.",
            )
        ]
    if known.app_id in apps:
        return []
    return [
        Finding(
            f"The app {known.app_name or known.app_id} is not subscribed to the account {account} "
            f"of {name}, so nothing ever comes.",
            "Send, with the access token, a POST to "
            f"{told.graph_url}/{told.graph_version}/{account}/subscribed_apps.",
        )
    ]
