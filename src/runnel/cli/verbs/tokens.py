"""`runnel tokens`: create, list and revoke API tokens; works on the state folder, with the server up or down."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.access import access_of
from runnel.cli.output import current_output

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Create, list and revoke API tokens.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
HOME = typer.Option(None, "--home", help="The state folder (default .runnel).")


@app.command("create", epilog="Example: runnel tokens create --name nightly --scope pipelines.execute --expires 90d")
def create(
    name: str = typer.Option(..., "--name", help="What the token is for."),
    scope: list[str] = typer.Option(
        None, "--scope", help="A permission, or `pipelines.*`; several times. Default: all."
    ),
    expires: str = typer.Option("90d", "--expires", help="30d, 12h, never, or a date."),
    user: str = typer.Option(None, "--user", help="Whose token (default: the built-in person, or the first admin)."),
    home: Path = HOME,
    json: bool = JSON,
) -> None:
    """Make a token; it is shown once."""
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.tokens import read_expiry

    output = current_output()
    with access_of(home) as access:
        owner = access.users.named(user) if user else access.users.local() or access.users.first_admin()
        expires_at = read_expiry(expires, access.tokens.clock())
        token, made = access.tokens.create(owner, name, scope or None, expires_at)
        access.trail.write(CONSOLE, "tokens.create_token", "token", made.id, after=made.to_json())
    if json:
        output.result({"token": token, **made.to_json()})
        return
    output.text(token)
    output.note("This is shown once; send it as `Authorization: Bearer TOKEN`.")


@app.command("list", epilog="Example: runnel tokens list")
def list_tokens(home: Path = HOME, json: bool = JSON) -> None:
    """List the tokens of everybody, never the tokens themselves."""
    output = current_output()
    with access_of(home) as access:
        found = [token.to_json() for token in access.tokens.store.list()]
        names = {user.id: user.username for user in access.users.store.list()}
    if json:
        output.result({"tokens": found})
        return
    columns = ["id", "name", "user", "scopes", "expires", "used"]
    output.table(columns, [
        [item["id"], item["name"], names.get(item["user_id"]), " ".join(item["scopes"] or ["all"]),
         item["expires_at"] or "never", item["used_at"]]
        for item in found
    ])  # fmt: skip


@app.command("revoke", epilog="Example: runnel tokens revoke 1f2e3d4c5b6a7988")
def revoke(id: str = typer.Argument(help="The token's id."), home: Path = HOME, json: bool = JSON) -> None:
    """Revoke a token; a running server refuses it within two seconds."""
    from runnel.app.access.principals import CONSOLE

    output = current_output()
    with access_of(home) as access:
        made = access.tokens.revoke(id, None)
        access.trail.write(CONSOLE, "tokens.revoke_token", "token", id, before=made.to_json())
    if json:
        output.result({"revoked": id})
    else:
        output.note(f"{made.name} is revoked")
