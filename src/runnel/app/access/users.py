"""Users: the built-in person `local`, the first user that they turn into, and everybody after."""

from __future__ import annotations

import contextlib
import re
import secrets
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from runnel.app.access.passwords import Passwords, check_password
from runnel.app.access.permissions import check_role
from runnel.errors import AuthoringError
from runnel.store.users import User, UserStore

LOCAL = "local"
FIRST_ID = "0" * 15 + "1"
"""The id of the built-in person, kept when it becomes a user: it can be made once, also by two who ask at the same moment."""
USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")
MOST_PREFERENCES = 20_000


class NotFoundError(AuthoringError):
    """There is no such object, or it is not one's own."""

    http_status = 404


class ConflictError(AuthoringError):
    """What is asked for does not fit what is there."""

    http_status = 409


@dataclass(frozen=True)
class Profile:
    """What may be said about a new user besides name, password and role."""

    first_name: str = ""
    last_name: str = ""
    email: str | None = None
    timezone: str = "UTC"


class Users:
    """Makes, changes and checks users; `on_first` and `on_change` hear of it."""

    def __init__(self, store: UserStore, passwords: Passwords, clock: Callable[[], datetime]) -> None:
        self.store = store
        self.passwords = passwords
        self.clock = clock
        self.on_first: list[Callable[[], None]] = []
        self.on_change: list[Callable[[], None]] = []

    @property
    def mode(self) -> str:
        """`local` while only the built-in person is there, then `users`: login is asked everywhere."""
        return mode_of(self.store)

    def local(self) -> User | None:
        """Return the built-in person, made at first use; None once it has become a user."""
        found = self.store.named(LOCAL)
        if found is None and self.mode == "local":
            with contextlib.suppress(IntegrityError):  # made by another process in this moment
                self.store.add(replace(self._row(LOCAL, None, "admin", Profile()), id=FIRST_ID))
            found = self.store.named(LOCAL)
        return found if found is not None and found.password_hash is None else None

    def create(
        self, username: str, password: str, role: str, profile: Profile | None = None, *, only_first: bool = False
    ) -> User:
        """Make a user; the first one is an admin and takes over what `local` owns."""
        name, profile = check_username(username), _checked_profile(profile or Profile())
        check_role(role)
        hashed = self.passwords.hash(check_password(password, name))
        local = self.local()
        if local is not None:
            return self._take_over(local, name, hashed, profile)
        if only_first:
            raise _not_first()
        made = self._row(name, hashed, role, profile)
        try:
            self.store.add(made)
        except IntegrityError as error:
            raise ConflictError(
                "RNL-ACCESS-005", f"there is a user `{name}` already", "Choose another name."
            ) from error
        return made

    def _take_over(self, local: User, name: str, hashed: str, profile: Profile) -> User:
        now = self.clock()
        values = {"username": name, "password_hash": hashed, "role": "admin", "updated_at": now, **profile.__dict__}
        if not self.store.claim_local(local.id, **values):
            raise _not_first()
        for listener in (*self.on_first, *self.on_change):
            listener()
        return self.get(local.id)

    def _row(self, name: str, hashed: str | None, role: str, profile: Profile) -> User:
        now = self.clock()
        return User(
            secrets.token_hex(8), name, profile.first_name, profile.last_name, profile.email, hashed, role, True,
            profile.timezone, {}, now, now, None,
        )  # fmt: skip

    def get(self, id: str) -> User:
        """Return a user; raises NotFoundError."""
        found = self.store.get(id)
        if found is None:
            raise NotFoundError("RNL-ACCESS-007", f"there is no user `{id}`", "The list of users shows them.")
        return found

    def named(self, username: str) -> User:
        """Return a user by name or id; raises NotFoundError."""
        return self.store.named(username) or self.get(username)

    def first_admin(self) -> User:
        """Return the active admin who was there first; raises NotFoundError."""
        found = self._active_admins()
        if not found:
            raise NotFoundError("RNL-ACCESS-007", "there is no active admin", "Name a user.")
        return min(found, key=lambda user: user.created_at)

    def admins(self) -> list[str]:
        """Return the names of some who can give rights, for the page that says who can help."""
        return [f"{user.first_name} {user.last_name}".strip() or user.username for user in self._active_admins()][:5]

    def _active_admins(self) -> list[User]:
        return [user for user in self.store.list() if user.role == "admin" and user.is_active]

    def verify(self, username: Any, password: Any) -> User | None:
        """Return the active user with this name and password; None for all others, after the same time."""
        known = self.store.named(username) if isinstance(username, str) and username else None
        given = password if isinstance(password, str) and len(password) <= 1024 else ""
        if not self.passwords.verify(known.password_hash if known else None, given):
            return None
        if known is None or not known.is_active or not given:
            return None
        now = self.clock()
        self.store.change(known.id, last_login_at=now)
        if known.password_hash and self.passwords.outdated(known.password_hash):
            self.store.change(known.id, password_hash=self.passwords.hash(given))
        return self.store.get(known.id)

    def set_password(self, user: User, password: str) -> None:
        """Give a user a new password."""
        hashed = self.passwords.hash(check_password(password, user.username))
        self.store.change(user.id, password_hash=hashed, updated_at=self.clock())
        self._changed()

    def change(self, user: User, changes: Mapping[str, Any]) -> User:
        """Change profile, role or state of a user; raises ConflictError when no admin would be left."""
        values = dict(changes)
        if "role" in values:
            check_role(values["role"])
        if "username" in values:
            values["username"] = check_username(values["username"])
        if "preferences" in values:
            values["preferences"] = _checked_preferences(user, values["preferences"])
        names = Profile.__dataclass_fields__
        profile = _checked_profile(Profile(**{name: values.get(name, getattr(user, name)) for name in names}))
        values |= {name: getattr(profile, name) for name in names if name in values}
        try:
            kept = self.store.change_keeping_an_admin(user.id, **values, updated_at=self.clock())
        except IntegrityError as error:
            what = f"there is a user `{values.get('username')}` already"
            raise ConflictError("RNL-ACCESS-005", what, "Choose another name.") from error
        if not kept:
            raise _last_admin(user)
        self._changed()
        return self.get(user.id)

    def delete(self, user: User) -> None:
        """Remove a user; raises ConflictError when no admin would be left."""
        if not self.store.delete_keeping_an_admin(user.id):
            raise _last_admin(user)
        self._changed()

    def _changed(self) -> None:
        for listener in self.on_change:
            listener()


def mode_of(store: UserStore) -> str:
    """Return `local` while only the built-in person is there, then `users`."""
    return "users" if store.count_with_password() else "local"


def check_username(username: str) -> str:
    """Return the name in small letters; raises AuthoringError for one that is none."""
    name = username.strip().casefold()
    if not USERNAME.fullmatch(name) or name == LOCAL:
        what = f"`{username[:100]}` cannot be a username"
        hint = "Letters a-z, digits and . _ @ + - inside; `local` is the built-in person."
        raise AuthoringError("RNL-ACCESS-008", what, hint, {"field": "username"})
    return name


def _not_first() -> ConflictError:
    return ConflictError("RNL-ACCESS-006", "there is a first user already", "Log in, or ask them for a user.")


def _last_admin(user: User) -> ConflictError:
    what = f"`{user.username}` is the last active admin"
    return ConflictError("RNL-ACCESS-009", what, "Make somebody else an admin first.")


def _checked_profile(profile: Profile) -> Profile:
    for field in ("first_name", "last_name"):
        if len(getattr(profile, field)) > 200:
            raise AuthoringError("RNL-ACCESS-010", f"{field} has more than 200 characters", "", {"field": field})
    if profile.email is not None and profile.email != "" and not EMAIL.fullmatch(profile.email):
        what = f"`{profile.email[:100]}` is no e-mail address"
        raise AuthoringError("RNL-ACCESS-010", what, "", {"field": "email"})
    if not _is_timezone(profile.timezone):
        what, hint = f"`{profile.timezone[:64]}` is no time zone", "For example Europe/Berlin, or UTC."
        raise AuthoringError("RNL-ACCESS-010", what, hint, {"field": "timezone"})
    return profile


def _checked_preferences(user: User, given: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in {**user.preferences, **given}.items() if value is not None}
    if len(str(made)) > MOST_PREFERENCES:
        raise AuthoringError("RNL-ACCESS-010", "the preferences are too long", "", {"field": "preferences"})
    minutes = made.get("session_minutes")
    if minutes is not None and (isinstance(minutes, bool) or not isinstance(minutes, int) or not 5 <= minutes <= 1440):
        what = "the session may last from 5 to 1440 minutes without a sign of life"
        raise AuthoringError("RNL-ACCESS-010", what, "", {"field": "preferences.session_minutes"})
    return made


def _is_timezone(name: str) -> bool:
    if name == "UTC":
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
