"""Settings: read once, frozen, and wrong ones refused in one sentence.

A setting is an option of the command line, else an environment variable `BALCAO_…`, else a key of
`balcao.toml` in the current folder, else its default.  Only `main` imports this: whatever else
needs a value is given it.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

PREFIX = "BALCAO_"
FILE = "balcao.toml"
SECRET_LENGTH_MIN = 16
#: Their items are separated by commas in the environment.
LISTS = frozenset({"app_secrets", "media_hosts"})


class BadSetting(Exception):
    """A setting has a value that cannot be used."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an operator can say, named as in the environment."""

    database_url: str | None = None
    data_dir: str
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    secret_key: str | None = None
    graph_url: str = "https://graph.facebook.com"
    graph_version: str = "v26.0"
    app_secrets: tuple[str, ...] = ()
    verify_token: str | None = None
    access_token: str | None = None
    media_hosts: tuple[str, ...] = ("lookaside.fbsbx.com",)
    media_url: str | None = None
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    def __post_init__(self) -> None:
        """Refuse what cannot be used, naming the setting as the environment does."""
        if not 1 <= self.port <= 65535:
            raise BadSetting(f"{PREFIX}PORT is {self.port}, not a port between 1 and 65535.")
        _check_url("GRAPH_URL", self.graph_url, "http", "https")
        if self.public_url is not None:
            _check_url("PUBLIC_URL", self.public_url, "http", "https")
        if self.database_url is not None:
            _check_url("DATABASE_URL", self.database_url, "postgresql", "postgres")
        if self.media_url is not None:
            _check_url("MEDIA_URL", self.media_url, "s3")
        version = self.graph_version
        if not (version.startswith("v") and version[1:].replace(".", "", 1).isdigit()):
            raise BadSetting(f"{PREFIX}GRAPH_VERSION is {version!r}, not a version like v26.0.")
        if self.secret_key is not None and len(self.secret_key) < SECRET_LENGTH_MIN:
            raise BadSetting(
                f"{PREFIX}SECRET_KEY is shorter than {SECRET_LENGTH_MIN} characters: "
                "use the output of 'openssl rand -hex 32'."
            )

    @property
    def media(self) -> str:
        """Where files are kept: the address of a bucket, or a folder in the data folder."""
        return self.media_url or str(self.home / "media")

    @property
    def home(self) -> Path:
        """The data folder."""
        return Path(self.data_dir)

    def for_the_public(self) -> "Settings":
        """Itself, or a refusal where something is missing that only a demo can do without."""
        for name in ("app_secrets", "secret_key"):
            if not getattr(self, name):
                raise BadSetting(
                    f"{PREFIX}{name.upper()} is not set, and the server does not start without it."
                )
        return self


# One line each, for `balcao serve --help` and the README.
MEANINGS: Mapping[str, str] = {
    "DATABASE_URL": "a PostgreSQL 15 or newer; none: one of our own, in the data folder",
    "DATA_DIR": "the data folder",
    "HOST": "the address to listen on",
    "PORT": "the port to listen on",
    "PUBLIC_URL": "how this server is reached from outside, such as https://desk.example.com",
    "SECRET_KEY": "any long secret; signs what leaves the server and comes back",
    "GRAPH_URL": "where WhatsApp's Graph API is",
    "GRAPH_VERSION": "the version of the Graph API to speak",
    "APP_SECRETS": "the app secrets that webhooks are signed with, separated by commas",
    "VERIFY_TOKEN": "the word that the webhook is verified with",
    "ACCESS_TOKEN": "for entry points that have no access token of their own",
    "MEDIA_HOSTS": "hosts of files that may be shown the access token, separated by commas",
    "MEDIA_URL": "a bucket for files, such as s3://bucket/balcao; none: the data folder",
    "LOG_FORMAT": "text or json",
    "LOG_LEVEL": "the least that is logged: debug, info, warning or error",
}


def read(
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """The settings in force; *options* of None were not given.

    Raises BadSetting, whose text is one sentence for the operator.
    """
    environment = os.environ if environment is None else environment
    values = {
        "data_dir": str(_default_folder(environment)),
        **_from_file((folder or Path()) / FILE),
        **_from_environment(environment),
        **{name: value for name, value in (options or {}).items() if value is not None},
    }
    values["data_dir"] = str(Path(str(values["data_dir"])).expanduser())
    if "port" in values:
        values["port"] = _whole_number("port", values["port"])
    try:
        return msgspec.convert(values, Settings, strict=True)
    except msgspec.ValidationError as error:
        raise BadSetting(_in_words(error)) from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}.") from None
    for name in values:
        if name not in Settings.__struct_fields__:
            raise BadSetting(f"{path} has {name!r}, which is not a setting.")
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the environment says; an empty variable says nothing."""
    found: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        value = environment.get(f"{PREFIX}{name.upper()}", "").strip()
        if value:
            found[name] = value
    for name in LISTS & found.keys():
        words = found[name].split(",")
        found[name] = [word.strip() for word in words if word.strip()]
    return found


def _default_folder(environment: Mapping[str, str]) -> Path:
    if os.geteuid() == 0:
        return Path("/var/lib/balcao")
    share = environment.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(share).expanduser() / "balcao"


def _whole_number(name: str, value: object) -> int:
    if isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        return int(value)
    raise BadSetting(f"{PREFIX}{name.upper()} is {value!r}, not a whole number.")


def _check_url(name: str, value: str, *schemes: str) -> None:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and (bool(parts.netloc) or "host=" in parts.query)
    except ValueError:
        usable = False
    if not usable:  # the value may hold a password: it is not repeated
        raise BadSetting(f"{PREFIX}{name} is not an address that starts with {schemes[0]}://.")


def _in_words(error: msgspec.ValidationError) -> str:
    text = str(error)
    name = text.rpartition("`$.")[2].partition("`")[0].partition("[")[0]
    return f"{PREFIX}{name.upper()} cannot be used: {text.partition(' - at')[0]}."
