"""What can be seen of an installation from within: its machine, its settings, its database."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from balcao.store.health import Health

FREE_BYTES_MIN = 1 << 30
WAIT_MAX = timedelta(minutes=1)
POSTGRES_MIN = 15


def of_machine(home: Path, public_url: str | None) -> list[str]:
    """What is wrong outside of the database."""
    findings = []
    folder = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        findings.append(
            f"Only {free >> 20} MiB are free on the disk of {home}: "
            f"make room for at least {FREE_BYTES_MIN >> 20} MiB."
        )
    if public_url is None:
        findings.append(
            "BALCAO_PUBLIC_URL is not set: set it to the address that browsers and WhatsApp use."
        )
    elif urlsplit(public_url).scheme != "https":
        findings.append(
            f"{public_url} is not https, and WhatsApp delivers webhooks by https only: "
            "put a proxy with a certificate in front and change BALCAO_PUBLIC_URL."
        )
    return findings


def of_settings(*, secrets: bool, verify_token: bool) -> list[str]:
    """What a server for the public would lack; *secrets* and *verify_token* say what is set."""
    wanted: Mapping[str, bool] = {
        "BALCAO_APP_SECRETS or BALCAO_SECRET_KEY is not set: the server does not start "
        "without them.": secrets,
        "BALCAO_VERIFY_TOKEN is not set: choose a word and enter the same one where the webhook "
        "is set up at Meta.": verify_token,
    }
    return [finding for finding, there in wanted.items() if not there]


def of_database(found: Health, *, default_token: bool) -> list[str]:
    """What is wrong in the database; *default_token* says whether one serves all numbers."""
    return _of_schema(found) or _of_content(found, default_token)


def _of_schema(found: Health) -> list[str]:
    if found.postgres < POSTGRES_MIN:
        return [f"The database is PostgreSQL {found.postgres}: {POSTGRES_MIN} or newer is needed."]
    if found.pending:
        return [f"The database lacks {', '.join(found.pending)}: run 'balcao migrate'."]
    return []


def _of_content(found: Health, default_token: bool) -> list[str]:
    findings = []
    if not found.people:
        findings.append("Nobody can sign in: run 'balcao user add'.")
    if not found.numbers:
        findings.append("There is no WhatsApp number: run 'balcao number add'.")
    tokenless = [one.display_number for one in found.numbers if one.access_token is None]
    if tokenless and not default_token:
        numbers = ", ".join(tokenless)
        findings.append(f"No access token for {numbers}: set BALCAO_ACCESS_TOKEN.")
    if found.numbers_refused:
        findings.append(
            f"WhatsApp refuses the access token of {', '.join(found.numbers_refused)}: it has "
            "expired or was revoked. Make a new one at Meta and set BALCAO_ACCESS_TOKEN; replies "
            "wait meanwhile."
        )
    if found.numbers and not found.webhooks:
        findings.append(
            "WhatsApp has never delivered a webhook: enter the public address with "
            "/webhooks/whatsapp and the verify token at Meta, and subscribe to 'messages'."
        )
    if found.oldest_unread is not None and found.oldest_unread > WAIT_MAX:
        findings.append(
            f"Webhooks have waited for {int(found.oldest_unread.total_seconds())} s: "
            "is a server running?"
        )
    if found.set_aside:
        findings.append(
            f"{found.set_aside} items of webhooks were set aside as unreadable or for an unknown "
            "number: look at the table set_aside."
        )
    return findings
