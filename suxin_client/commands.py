"""The commands `connect`, `query`, `listen`, `tail` and `developers`."""

import json
import os
import signal
import sys
import webbrowser
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from suxin_client.client import Client
from suxin_client.failures import AnswerError, ClientError, RefusedError, UnreachableError
from suxin_client.federation import Federation, Reply
from suxin_client.joining import join_sandbox
from suxin_client.listening import forward_events, receive_webhooks
from suxin_client.profile import Profile
from suxin_client.tailing import describe_request, follow_requests

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Ask Suxin (诉信) as a partner.")
ERRORS, UNREACHABLE, REFUSED = 1, 69, 77
"""Exit codes: the answer has errors, nobody answers, the client is refused. The last two are of sysexits.h."""

ClientFile = Annotated[
    Path, typer.Option("--client", envvar="SUXIN_CLIENT_FILE", help="The profile that `connect` has written.")
]
DEFAULT = Path("suxin-client.json")


@app.command()
def connect(
    address: Annotated[str, typer.Argument(help="Address of the service.")],
    audience: Annotated[str, typer.Option(help="At a sandbox: as what to register.")] = "BANK",
    name: Annotated[str, typer.Option(help="At a sandbox: a name for the client.")] = "sandbox client",
    client_id: Annotated[str, typer.Option(help="As registered by the court; by default it is a sandbox.")] = "",
    key: Annotated[Path | None, typer.Option(help="File with the private JWK of that client.")] = None,
    proof_key: Annotated[
        Path | None, typer.Option(help="File with a private JWK that tokens are bound to (DPoP); for fapi2 clients.")
    ] = None,
    client: ClientFile = DEFAULT,
) -> None:
    """Write a profile: register at a sandbox, or enter what the court has registered.

    Example: suxin connect https://sandbox.court.example --audience BANK
    """
    with explain(), httpx2.Client(timeout=30) as http:
        if client.exists():
            raise ClientError(f"{client} exists, with a key in it. Remove it, or write another with --client.")
        if client_id and key:
            made = Profile(address.rstrip("/"), client_id, _read(key), _read(proof_key) if proof_key else None)
        else:
            made = join_sandbox(address, audience, name, http)
        made.save(client)
        typer.echo(made.client_id)


@app.command()
def query(
    file: Annotated[Path, typer.Argument(help="A GraphQL document; - is standard input.", allow_dash=True)],
    variables: Annotated[str, typer.Option(help="The variables: a file, or JSON itself.")] = "{}",
    operation: Annotated[str, typer.Option(help="Which operation, if the document has several.")] = "",
    client: ClientFile = DEFAULT,
    also: Annotated[
        list[Path] | None, typer.Option("--also", help="The profile at another court's service. May be repeated.")
    ] = None,
) -> None:
    """Send a document, and print the answer as JSON. Ends with 1 if the answer has errors. With --also, several
    services are asked at once, and the answer of each is in a list: one that does not answer has its error there.

    Example: suxin query check.graphql --variables check.json | jq .data
    Example: suxin query check.graphql --client yuyao.json --also ningbo.json | jq .answers
    """
    with explain(), ExitStack() as stack:
        clients = [stack.enter_context(Client(Profile.load(path))) for path in (client, *(also or ()))]
        document = sys.stdin.read() if str(file) == "-" else _read_text(file)
        replies = Federation(clients).ask(document, _read_variables(variables), operation or None)
        if also:
            _print({"answers": [{"address": reply.address, **_describe(reply)} for reply in replies]})
        elif "unanswered" not in (told := _describe(replies[0])):
            _print(told)
        _raise_first(replies)


@app.command()
def listen(
    port: Annotated[int, typer.Option(help="Local port to receive webhooks at; 0 is a free one.")] = 0,
    url: Annotated[str, typer.Option(help="Address by which the service reaches that port, such as a tunnel's.")] = "",
    forward_to: Annotated[
        str, typer.Option(help="Fetch events instead, and send each to this address as a signed webhook.")
    ] = "",
    count: Annotated[int, typer.Option(help="End after so many; 0 is never.")] = 0,
    client: ClientFile = DEFAULT,
) -> None:
    """Print events as they come. Webhooks are received at a local port and their signatures are checked; the webhook is
    registered for as long as this runs. Behind a firewall, --forward-to needs no way in.

    Example: suxin listen --forward-to http://localhost:3000/hook
    """
    with explain(), Client(Profile.load(client)) as asking:
        lines = forward_events(asking, forward_to, _tell) if forward_to else receive_webhooks(asking, port, url, _tell)
        _print_some(lines, count)


@app.command()
def tail(
    last: Annotated[int, typer.Option(min=0, max=100, help="Begin with so many requests of before.")] = 10,
    refused: Annotated[bool, typer.Option("--refused", help="Only those with an error.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object of JSON for each.")] = False,
    count: Annotated[int, typer.Option(help="End after so many; 0 is never.")] = 0,
    client: ClientFile = DEFAULT,
) -> None:
    """Print your requests, of all your programs, as they are answered: time, status, outcome, root field, points,
    milliseconds, request id. The service keeps them for seven days, without names and numbers.

    Example: suxin tail --refused
    """
    with explain(), Client(Profile.load(client)) as asking:
        entries = follow_requests(asking, last=last, refused=refused)
        write = (lambda entry: json.dumps(entry, ensure_ascii=False)) if as_json else describe_request
        _print_some((write(entry) for entry in entries), count)


@app.command()
def developers(
    open_: Annotated[
        bool, typer.Option("--open/--print", help="Open the link in a browser, or only print it.")
    ] = False,
    client: ClientFile = DEFAULT,
) -> None:
    """Print a link to your client's own pages: keys, webhooks, documents, budget. It works once, for a minute.

    Example: suxin developers --open
    """
    with explain(), Client(Profile.load(client)) as asking:
        link = asking.ask_for_link()
        if not (open_ and webbrowser.open(link)):
            typer.echo(link)


@contextmanager
def explain() -> Iterator[None]:
    """Print an error in a sentence on standard error, and end with its code. A closed pipe ends quietly."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except ClientError as error:
        typer.echo(str(error), err=True)
        code = UNREACHABLE if isinstance(error, UnreachableError) else ERRORS
        raise typer.Exit(REFUSED if isinstance(error, RefusedError) else code) from None


def _describe(reply: Reply) -> dict[str, Any]:
    """Return what is printed of a reply."""
    if reply.answer:
        return {"data": reply.answer.data, "extensions": dict(reply.answer.extensions)}
    if isinstance(reply.error, AnswerError):
        return {"data": reply.error.data, "errors": reply.error.errors}
    return {"unanswered": str(reply.error)}


def _raise_first(replies: Sequence[Reply]) -> None:
    """Raise the error of the first service that did not answer. The others are told on standard error."""
    failed = [(reply.address, reply.error) for reply in replies if reply.error]
    for address, error in failed[1:]:
        _tell(f"{address}: {error}")
    for _, error in failed[:1]:
        raise error


def _print_some(lines: Generator[str, None, None], count: int) -> None:
    """Print lines until there are so many, or the command is ended; what made them is closed then."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with closing(lines):
            for place, line in enumerate(lines, start=1):
                print(line, flush=True)  # noqa: T201 - what the command is for
                if place == count:
                    return
    finally:
        signal.signal(signal.SIGTERM, before)


def _print(answer: Any) -> None:
    print(json.dumps(answer, ensure_ascii=False, indent=2))  # noqa: T201 - what the command is for


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _read(path: Path) -> Any:
    try:
        return json.loads(_read_text(path))
    except ValueError:
        raise ClientError(f"{path} is no JSON.") from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{path} cannot be read ({type(error).__name__}).") from None


def _read_variables(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else _read(Path(text))
    except ValueError:
        raise ClientError("The variables are no JSON.") from None
    if not isinstance(found, dict):
        raise ClientError("The variables are a JSON object.")
    return found
