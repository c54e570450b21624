"""The command line.  Wrong words end it with one sentence and exit status 2.

What only one command needs is imported there: the others start in half the time without it.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from balcao import commands, main
from balcao import demo as demonstration
from balcao import doctor as examination

DataDir = Annotated[str | None, Parameter(help="The data folder.")]
Port = Annotated[int | None, Parameter(help="The port of the desk and the webhook.")]

AtLeastOne = Number(gte=1)


def _is_web_address(_kind: object, value: str | None) -> None:
    """Refuse what nothing can be asked at."""
    if value is not None and not value.startswith(("http://", "https://")):
        raise ValueError("It must begin with http:// or https://.")


WebhookUrl = Annotated[
    str, Parameter(help="Where webhooks are delivered.", validator=_is_web_address)
]
DeskUrl = Annotated[
    str | None,
    Parameter(help="The demo's desk, for scripted colleagues.", validator=_is_web_address),
]
app = App(
    name="balcao",
    help="WhatsApp customer service on one's own machine.",
    version=main.VERSION,
    result_action="return_value",
    help_format="plaintext",
)
user = App(name="user", help="Manage who may sign in.", help_format="plaintext")
number = App(name="number", help="Manage the WhatsApp numbers.", help_format="plaintext")
app.command(user)
app.command(number)


@app.command
def demo(
    *,
    port: Port = 8080,
    simulator_port: Annotated[int, Parameter(help="The port of the phones.")] = 8081,
    data_dir: DataDir = None,
    quiet: Annotated[bool, Parameter(negative="", help="Without scripted customers.")] = False,
    fresh: Annotated[bool, Parameter(negative="", help="Empty the demo's data first.")] = False,
) -> int:
    """Run everything: the server, a database, pretend phones and a small organisation."""
    options = {"port": port, "data_dir": data_dir}
    return main.demonstrate(options, simulator_port, scripted=not quiet, fresh=fresh)


@app.command(help=f"Run the server.\n\n{main.SETTINGS_HELP}")
def serve(
    *,
    host: Annotated[str | None, Parameter(help="The address to listen on.")] = None,
    port: Port = None,
    workers: Annotated[int, Parameter(help="How many processes share the work.")] = 1,
    data_dir: DataDir = None,
) -> int:
    """Run the server."""
    return main.serve({"host": host, "port": port, "data_dir": data_dir}, workers)


@app.command
def migrate(*, data_dir: DataDir = None) -> int:
    """Bring the database to this version."""
    with main.database(main.settings({"data_dir": data_dir}), make=True) as url:
        names = commands.migrate(url)
    print("\n".join(names) or "The database is of this version already.")
    return 0


@app.command
def simulator(
    *,
    port: Annotated[int, Parameter(help="The port of the phones.")] = 8081,
    media_port: Annotated[int, Parameter(help="The port that media are fetched from.")] = 8082,
    webhook_url: WebhookUrl = "http://127.0.0.1:8080/webhooks/whatsapp",
    scripted: Annotated[
        bool, Parameter(negative="", help="With customers who write by themselves.")
    ] = False,
    memory: Annotated[
        Path | None, Parameter(help="A file to remember people and their phones in.")
    ] = None,
    desk_url: DeskUrl = None,
    attached: Annotated[bool, Parameter(negative="", show=False)] = False,
) -> int:
    """Run the pretend WhatsApp alone."""
    from balcao.simulator import main as simulator_main

    settings = main.settings({})
    with main.in_line(attached=attached) as tell_ready:
        simulator_main.run(
            host="127.0.0.1",
            port=port,
            media_port=media_port,
            webhook_url=webhook_url,
            app_secret=next(iter(settings.app_secrets), "simulator"),
            verify_token=settings.verify_token or "simulator",
            access_token=settings.access_token or "simulator",
            entry_points=[
                (point.phone_number_id, point.display_number, point.queue)
                for point in demonstration.ENTRY_POINTS
            ],
            scripted=scripted,
            on_ready=tell_ready,
            memory=memory,
            desk_url=desk_url,
            desk_password=demonstration.PASSWORD,
        )
    return 0


@app.command
def doctor(*, data_dir: DataDir = None) -> int:
    """Say in words what is wrong with this installation, and what to do."""
    settings = main.settings({"data_dir": data_dir})
    findings = examination.of_machine(settings.home, settings.public_url)
    findings += examination.of_settings(
        secrets=bool(settings.app_secrets and settings.secret_key),
        verify_token=bool(settings.verify_token),
    )
    told = examination.Told(
        settings.public_url,
        settings.verify_token,
        settings.app_secrets,
        settings.access_token,
        settings.graph_url,
        settings.graph_version,
    )
    try:
        with main.database(settings) as url:
            findings += commands.done(examination.examine(url, told))
    except tuple(main.REFUSALS) as error:
        findings.append(str(error))
    print("\n".join(f"- {finding}" for finding in findings) or "Nothing is wrong.")
    return 1 if findings else 0


@app.command
def check(*, data_dir: DataDir = None) -> int:
    """Check the database for anything that must never be; exit 1 and a list if there is."""
    with main.database(main.settings({"data_dir": data_dir})) as url:
        violations = commands.check(url)
    print("\n".join(violations) or "All invariants hold.")
    return 1 if violations else 0


@app.command(name="simulated-days", show=False)
def simulated_days(
    *,
    seeds: Annotated[
        int, Parameter(help="How many days, each with its own seed.", validator=AtLeastOne)
    ] = 500,
    first: Annotated[int, Parameter(help="The first seed.", validator=AtLeastOne)] = 1,
    steps: Annotated[
        int, Parameter(help="The least number of steps of a day.", validator=AtLeastOne)
    ] = 1000,
    processes: Annotated[
        int, Parameter(help="How many days pass at once.", validator=AtLeastOne)
    ] = 2,
) -> int:
    """Let days pass in which everything goes wrong; exit 1 if one breaks a promise."""
    from balcao.simulator.day import many

    tell = partial(print, flush=True)
    return 1 if many.run(range(first, first + seeds), steps, processes, tell) else 0


@app.command
def openapi() -> int:
    """Print the description of the web API."""
    from balcao.web.app import description

    sys.stdout.write(description())
    return 0


@user.command(name="add")
def user_add(
    email: Annotated[str, Parameter(help="What the person signs in with.")],
    *,
    name: Annotated[str, Parameter(help="The name that colleagues and customers see.")],
    role: Annotated[
        Literal["agent", "supervisor", "administrator"], Parameter(help="What the person may do.")
    ] = "agent",
    team: Annotated[list[str] | None, Parameter(help="A team; may be given again.")] = None,
    data_dir: DataDir = None,
) -> int:
    """Let somebody sign in; the password is asked for, or read from standard input."""
    with main.database(main.settings({"data_dir": data_dir}), make=True) as url:
        commands.add_user(url, email, name, role, team or [])
    return 0


@user.command(name="password")
def user_password(email: str, *, data_dir: DataDir = None) -> int:
    """Change a password and end the sessions that the old one began."""
    with main.database(main.settings({"data_dir": data_dir})) as url:
        commands.change_password(url, email)
    return 0


@user.command(name="disable")
def user_disable(email: str, *, data_dir: DataDir = None) -> int:
    """Let somebody sign in no more."""
    with main.database(main.settings({"data_dir": data_dir})) as url:
        commands.disable_user(url, email)
    return 0


@number.command(name="add")
def number_add(
    phone_number_id: Annotated[str, Parameter(help="Meta's id of the number.")],
    display_number: Annotated[str, Parameter(help="The number itself.")],
    *,
    queue: Annotated[str, Parameter(help="Where its customers wait; made where it is new.")],
    team: Annotated[list[str] | None, Parameter(help="Who serves a new queue.")] = None,
    data_dir: DataDir = None,
) -> int:
    """Take what is written to a WhatsApp number into a queue."""
    with main.database(main.settings({"data_dir": data_dir}), make=True) as url:
        commands.add_number(url, phone_number_id, display_number, queue, team or [])
    return 0


def run() -> None:
    """Do what the words of the command line say, and end with its exit status."""
    try:
        status = app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        status = _refuse(str(error), 2)
    except tuple(main.REFUSALS) as error:
        status = _refuse(str(error), main.REFUSALS[type(error)])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(text: str, status: int) -> int:
    print(f"balcao: {' '.join(text.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    run()
