"""`runnel users`: list, create and change users; works on the state folder, with the server up or down."""

from __future__ import annotations

from pathlib import Path

import typer

from runnel.cli.access import access_of, given_password
from runnel.cli.output import current_output

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, create and change users.")
JSON = typer.Option(False, "--json", help="Print one JSON document.")
HOME = typer.Option(None, "--home", help="The state folder (default .runnel).")
NAME = typer.Argument(help="The user's name.")


@app.command("list", epilog="Example: runnel users list")
def list_users(home: Path = HOME, json: bool = JSON) -> None:
    """List the users."""
    output = current_output()
    with access_of(home) as access:
        found = [user.to_json() for user in access.users.store.list()]
    if json:
        output.result({"users": found})
        return
    columns = ["name", "role", "active", "last login"]
    output.table(columns, [[user["username"], user["role"], user["active"], user["last_login_at"]] for user in found])


@app.command("create", epilog='Example: printf %s "$PASSWORD" | runnel users create ada --role editor')
def create(
    name: str = NAME,
    role: str = typer.Option("viewer", "--role", help="admin, editor or viewer; the first user is an admin."),
    email: str = typer.Option(None, "--email", help="The e-mail address."),
    home: Path = HOME,
    json: bool = JSON,
) -> None:
    """Make a user; the password comes from standard input."""
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.users import Profile

    output = current_output()
    with access_of(home) as access:
        made = access.users.create(name, given_password(), role, Profile(email=email)).to_json()
        access.trail.write(CONSOLE, "users.create_user", "user", made["id"], after=made)
    if json:
        output.result(made)
    else:
        output.note(f"{made['username']} is {made['role']}; from now on everybody logs in")


@app.command("role", epilog="Example: runnel users role ada editor")
def role(
    name: str = NAME, role: str = typer.Argument(help="admin, editor or viewer."), home: Path = HOME, json: bool = JSON
) -> None:
    """Give a user another role; their sessions end."""
    _change(name, home, json, role=role)


@app.command("disable", epilog="Example: runnel users disable ada")
def disable(name: str = NAME, home: Path = HOME, json: bool = JSON) -> None:
    """Keep a user from logging in; their sessions and tokens stop to count."""
    _change(name, home, json, is_active=False)


@app.command("enable", epilog="Example: runnel users enable ada")
def enable(name: str = NAME, home: Path = HOME, json: bool = JSON) -> None:
    """Let a user log in again."""
    _change(name, home, json, is_active=True)


@app.command("password", epilog='Example: printf %s "$PASSWORD" | runnel users password ada')
def password(name: str = NAME, home: Path = HOME, json: bool = JSON) -> None:
    """Give a user a new password, from standard input; their sessions end."""
    from runnel.app.access.principals import CONSOLE
    from runnel.app.access.users import ConflictError

    output = current_output()
    with access_of(home) as access:
        user = access.users.named(name)
        if user.password_hash is None:
            raise ConflictError("RNL-ACCESS-016", f"`{name}` is the built-in person, who has no password",
                                "Make the first user: runnel users create NAME")  # fmt: skip
        access.users.set_password(user, given_password())
        access.sessions.end_all("the password was changed at the console", user_id=user.id)
        access.trail.write(CONSOLE, "users.change_user", "user", user.id, after={"password": "changed"})
    if json:
        output.result({"id": user.id, "username": user.username})
    else:
        output.note(f"{user.username} has a new password")


def _change(name: str, home: Path | None, json: bool, **changes: object) -> None:
    from runnel.app.access.principals import CONSOLE

    output = current_output()
    with access_of(home) as access:
        user = access.users.named(name)
        made = access.users.change(user, changes)
        access.sessions.end_all("changed at the console", user_id=user.id)
        access.trail.write(CONSOLE, "users.change_user", "user", user.id, before=user.to_json(), after=made.to_json())
    if json:
        output.result(made.to_json())
    else:
        output.note(f"{made.username} is {made.role}" + ("" if made.is_active else ", disabled"))
