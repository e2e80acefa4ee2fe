"""Persons who may answer an approval: names, or ids with names where an auth manager's ids are not names."""

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_hpo.core.declared import brief_repr
from airflow_hpo.exceptions import DeclarationError

Responder = str | Mapping[str, str]


def checked_responders(users: Any) -> list[Responder]:
    """Return users as they were declared, or say what is wrong with one."""
    if isinstance(users, Mapping):
        users = [users]
    if isinstance(users, str) or not isinstance(users, Iterable):
        raise DeclarationError(f"Users come as a list of names, but got {users!r}. Write users=[{users!r}].")
    found = list(users)
    for user in found:
        named = isinstance(user, str) and user.strip()
        complete = isinstance(user, Mapping) and all(isinstance(user.get(key), str) for key in ("id", "name"))
        if not (named or complete):
            raise DeclarationError(
                f"A user is a name, or HITLUser(id=..., name=...) with text for both, but got {brief_repr(user)}. Write 'ann'."
            )
    return found


def by_id(users: Iterable[Responder]) -> list[dict[str, str]] | None:
    """Return the users for Airflow, which compares ids; None unless each has one."""
    found = [{"id": user["id"], "name": user["name"]} for user in users if isinstance(user, Mapping)]
    return found if found and len(found) == len(list(users)) else None


def may_answer(users: Iterable[Responder], responder: Mapping[str, Any]) -> bool:
    """Say whether a person is one of the users; without any, every person may answer."""
    known = {str(responder[key]) for key in ("id", "name") if responder.get(key)}
    listed = list(users)
    return not listed or any(
        user in known if isinstance(user, str) else user["id"] == str(responder.get("id")) for user in listed
    )


def names_of(users: Iterable[Responder]) -> str:
    """Return the users in words."""
    return ", ".join(user if isinstance(user, str) else f"{user['name']} (id {user['id']})" for user in users)
