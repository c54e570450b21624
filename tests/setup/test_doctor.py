"""`balcao doctor` over a whole installation with one thing wrong: it names that, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from balcao.store.database import Database
from tests.setup.installation import (
    ENDING,
    NUMBER,
    OWN,
    SECRET,
    Installation,
    a_page,
    examined,
    stage,
)
from tests.setup.installation import (
    certificates as made,
)
from tests.world import sql

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def certificates() -> Iterator[Path]:
    """A folder of certificates."""
    with made() as folder:
        yield folder


def healthy_without(kind: str, **more: object) -> dict[str, object]:
    """WhatsApp's word on a number's health that says nothing of one *kind* of thing."""
    kinds = {"PHONE_NUMBER": NUMBER, "WABA": "200000000000001", "APP": "300000000000001"}
    entities = [{"entity_type": one, "id": id} for one, id in kinds.items() if one != kind]
    return {"can_send_message": "AVAILABLE", "entities": entities, **more}


BLOCKED = {
    "entity_type": "WABA",
    "id": "200000000000001",
    "can_send_message": "BLOCKED",
    "errors": [
        {
            "error_description": "There is an error with the payment method.",
            "possible_solution": "Add a new payment method to the account.",
        }
    ],
}


def sets(**values: object) -> Callable[[Installation], object]:
    """Set something of the installation."""

    def seed(it: Installation) -> None:
        for name, value in values.items():
            assert hasattr(it, name)
            setattr(it, name, value)

    return seed


def tells(**traits: object) -> Callable[[Installation], object]:
    """Let WhatsApp tell something else of the number."""
    return lambda it: it.has(**traits)


def told(**environment: str) -> Callable[[Installation], object]:
    """Let the operator have set something else."""
    return lambda it: it.environment.update(
        {f"BALCAO_{name.upper()}": value for name, value in environment.items()}
    )


def account(**values: object) -> Callable[[Installation], object]:
    """Let Meta have something else on record."""

    def seed(it: Installation) -> None:
        for name, value in values.items():
            assert hasattr(it.account, name)
            setattr(it.account, name, value)

    return seed


def in_days(days: int) -> Callable[[Installation], object]:
    """Let the access token end then."""

    def seed(it: Installation) -> None:
        it.account.expires_at = int((it.now + timedelta(days=days)).timestamp())

    return seed


WRONG: dict[str, tuple[Callable[[Installation], object], str, str]] = {
    "nobody listens": (sets(listens=False), "cannot be reached from here", "Start the server"),
    "somebody else answers": (sets(instead=a_page), "Something else than this", "'balcao serve'"),
    "a certificate of one's own": (
        sets(certificate=OWN),
        "is not one that WhatsApp accepts (self-signed certificate)",
        "a public authority",
    ),
    "a certificate that ends": (sets(certificate=ENDING), "localhost", "Renew it"),
    "another verify token": (
        told(verify_token="another word"),
        "does not know this BALCAO_VERIFY_TOKEN",
        "Start the server again",
    ),
    "another app secret": (
        told(app_secrets="the secret of another app"),
        "does not hold the secret of the app Loja",
        "basic settings at Meta",
    ),
    "no subscription": (
        account(subscribed=set()),
        "The app Loja is not subscribed to the account 200000000000001 of +551140001000",
        "/v26.0/200000000000001/subscribed_apps",
    ),
    "another app's subscription": (
        account(subscribed={"300000000000009"}),
        "The app Loja is not subscribed",
        "POST",
    ),
    "other fields": (
        account(fields={"calls"}),
        "is not subscribed to the field 'messages'",
        "/webhooks/whatsapp and the verify token",
    ),
    "another webhook": (
        account(webhook_url="https://old.example/hook"),
        "is delivered to https://old.example/hook",
        "take away whatever overrides it",
    ),
    "a number with a webhook of its own": (
        tells(
            webhook_configuration={
                "application": "https://new.example",
                "phone_number": "https://old.example/hook",
            }
        ),
        "is delivered to https://old.example/hook",
        "take away whatever overrides it",
    ),
    "a token that is none": (
        told(access_token="stale"),
        "does not accept the access token of +551140001000 (Invalid OAuth access token",
        "Make a new one",
    ),
    "a token that has ended": (
        account(is_valid=False),
        "does not accept the access token of +551140001000 (Session has expired)",
        "Make a new one",
    ),
    "a token of a stranger": (
        account(is_developers=False),
        "does not tell what the access token of +551140001000 is good for",
        "Assign the app to the system user",
    ),
    "a token that will end": (in_days(3), "The access token of +551140001000 ends on", "never"),
    "a token that may too little": (
        account(scopes=["whatsapp_business_messaging"]),
        "lacks the permission whatsapp_business_management",
        "Make a new one",
    ),
    "an unknown number": (
        sets(statement="update entry_point set phone_number_id = '999'"),
        "shows this access token no number +551140001000 with the phone number ID 999",
        "Compare the ID",
    ),
    "numbers that do not belong together": (
        tells(display_phone_number="+55 11 4000-2000"),
        f"The phone number ID {NUMBER} is the number +551140002000 at WhatsApp",
        "'balcao number add'",
    ),
    "a number that is not connected": (
        tells(status="DISCONNECTED"),
        "its status is DISCONNECTED",
        f"/v26.0/{NUMBER}/register",
    ),
    "a banned number": (tells(status="BANNED"), "its status is BANNED", "Ask for a review"),
    "an unverified number": (
        tells(code_verification_status="NOT_VERIFIED"),
        "has not been verified",
        "Ask for one",
    ),
    "a number on premises": (
        tells(platform_type="ON_PREMISE"),
        "still with WhatsApp's on-premises API",
        "Move it",
    ),
    "a blocked account": (
        tells(health_status={"can_send_message": "BLOCKED", "entities": [BLOCKED]}),
        "lets +551140001000 send nothing (There is an error with the payment method).",
        "Add a new payment method to the account.",
    ),
    "an unknown account": (
        tells(health_status=healthy_without("WABA")),
        "does not say which account +551140001000 belongs to",
        "with full control",
    ),
    "a clock that is slow": (
        sets(graph_ahead=timedelta(seconds=300)),
        "s behind WhatsApp's",
        "NTP",
    ),
    "a clock that is fast": (
        sets(graph_ahead=timedelta(seconds=-300)),
        "s ahead of WhatsApp's",
        "NTP",
    ),
    "no entry point": (
        sets(statement="update entry_point set retired_at = now()"),
        "There is no WhatsApp number",
        "'balcao number add'",
    ),
    "no way to WhatsApp": (
        told(graph_url="http://127.0.0.1:9"),
        "WhatsApp cannot be asked at http://127.0.0.1:9",
        "Let this machine reach it",
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_the_one_thing_that_is_wrong_is_named_and_how_to_mend_it(
    database: Database, dsn: str, certificates: Path, tmp_path: Path, name: str
) -> None:
    seed, wrong, mend = WRONG[name]
    async with stage(database, certificates, seed) as environment:
        status, lines = await examined(dsn, tmp_path, environment)

    assert (status, len(lines)) == (1, 1), lines
    before, found, after = lines[0].partition(wrong)
    assert before.startswith("- ") and found and mend in after, lines


def not_yet_at_meta(it: Installation) -> None:
    """All is set up but what the README has one enter at Meta last."""
    it.account.webhook_url = None
    it.account.fields, it.account.subscribed = set(), set()
    it.statement = "delete from webhook"


async def test_before_the_webhook_is_entered_only_what_delivers_is_wrong(
    database: Database, dsn: str, certificates: Path, tmp_path: Path
) -> None:
    """As the README shows it."""
    async with stage(database, certificates, not_yet_at_meta) as environment:
        status, lines = await examined(dsn, tmp_path, environment)

    beginnings = [
        "- WhatsApp has never delivered a webhook: enter the public address",
        "- The webhook of the app Loja is not subscribed to the field 'messages'",
        "- What customers write to +551140001000 is delivered nowhere. Enter https://localhost:",
        "- The app Loja is not subscribed to the account 200000000000001 of +551140001000",
    ]
    assert (status, len(lines)) == (1, len(beginnings)), lines
    assert all(map(str.startswith, lines, beginnings)), lines


@pytest.mark.parametrize(
    "seed",
    [
        lambda it: None,
        in_days(300),
        sets(graph_ahead=timedelta(seconds=30)),
        told(app_secrets=f"the next one,{SECRET}"),
        tells(code_verification_status="NOT_VERIFIED", account_mode="SANDBOX"),
        tells(code_verification_status="EXPIRED"),
    ],
    ids=["all", "a token for months", "clocks", "two secrets", "a test number", "an old code"],
)
async def test_where_all_is_well_nothing_is_said_and_nothing_left_behind(
    database: Database,
    dsn: str,
    certificates: Path,
    tmp_path: Path,
    seed: Callable[[Installation], object],
) -> None:
    async with stage(database, certificates, seed) as environment:
        assert await examined(dsn, tmp_path, environment) == (0, ["Nothing is wrong."])

    assert len(await sql(database, "select from webhook")) == 1, "the customer's"
