# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which keys die, a customer's or those that leaked: none before those that only it may end; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def in_order(accounts: Mapping[str, Mapping[str, str]], customer: str) -> list[dict[str, Any]]:
    """Return the customer's keys as ``{name, account, turn, rotator, manages, users, others}``, first turn first.

    ``accounts`` are all accounts of the register, each with ``customer``, ``credential`` and ``rotator`` ("" for none).
    ``account`` revokes the key, ``users`` are the accounts that name it in either place, ``others`` those of other
    customers, ``rotator`` is who may end it and is alive in its turn. An account has one key at most in one turn.
    """
    own = {name: row for name, row in accounts.items() if row["customer"] == customer}
    names = dict.fromkeys(row[part] for part in ("credential", "rotator") for row in own.values() if row[part])
    managed = {name: _managed(name, own.values()) for name in names}
    turns = _turns(managed)
    return sorted(
        (_key(name, turns, own, accounts, managed) for name in names), key=lambda key: (key["turn"], key["account"])
    )


def accounts_of(hostvars: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the accounts of the register in the shape that this file takes, from the variables of all hosts."""
    return {
        str(name): {
            "customer": str(own["service_store_customer"]),
            "credential": str(own["service_store_credential"]),
            "rotator": str(own.get("service_store_rotator") or ""),
        }
        for name, own in ((name, hostvars[name]) for name in hostvars)
        if "service_store_customer" in own
    }


def of_accounts(accounts: Mapping[str, Mapping[str, str]], chosen: Sequence[str], part: str) -> list[dict[str, Any]]:
    """Return the keys that the ``chosen`` accounts name as ``part`` ("credential" or "rotator"), first turn first.

    A row has the shape of ``in_order``'s. What leaked dies whoever needs it, so ``users`` and ``others`` keep nothing
    back; ``affected`` are all accounts of the register that name the key. A rotator that goes as well goes later.
    """
    names = dict.fromkeys(accounts[account][part] for account in chosen if accounts[account][part])
    turns = _turns({name: _managed(name, accounts.values()) & set(names) for name in names})
    rows = [
        {
            "name": name,
            "account": next(account for account in chosen if accounts[account][part] == name),
            "turn": turns[name],
            "rotator": _lasting(name, accounts.values(), turns),
            # What it may not end now a later run may, so the record is kept; an offboarding has no later run.
            "manages": False,
            "credential": True,
            "users": [],
            "others": [],
            "affected": [account for account, row in accounts.items() if name in (row["credential"], row["rotator"])],
        }
        for name in names
    ]
    return sorted(rows, key=lambda row: (row["turn"], row["account"]))


def _lasting(name: str, rows: Iterable[Mapping[str, str]], turns: Mapping[str, int]) -> str:
    """Return a rotator of a key that is alive in the key's turn, "" where there is none."""
    rotators = [row["rotator"] for row in rows if row["credential"] == name and row["rotator"] not in ("", name)]
    return next((rotator for rotator in rotators if turns.get(rotator, len(turns)) > turns[name]), "")


def _managed(name: str, own: Iterable[Mapping[str, str]]) -> set[str]:
    """Return the keys for which a key is the rotator; itself is none of them."""
    return {row["credential"] for row in own if row["rotator"] == name} - {name}


def _turns(managed: Mapping[str, set[str]]) -> dict[str, int]:
    """Return each key's turn. Where two keys manage each other the first by name goes first, by the other one."""
    turns: dict[str, int] = {}
    left = sorted(managed)
    while left:
        ready = [name for name in left if managed[name] <= set(turns)] or left[:1]
        turn = max(turns.values(), default=-1) + 1
        turns.update(dict.fromkeys(ready, turn))
        left = [name for name in left if name not in turns]
    return turns


def _key(
    name: str,
    turns: Mapping[str, int],
    own: Mapping[str, Mapping[str, str]],
    accounts: Mapping[str, Mapping[str, str]],
    managed: Mapping[str, set[str]],
) -> dict[str, Any]:
    having = [account for account, row in own.items() if row["credential"] == name]
    naming = [account for account, row in own.items() if row["rotator"] == name]
    return {
        "name": name,
        "account": (having or naming)[0],
        "turn": turns[name],
        "rotator": _lasting(name, own.values(), turns),
        "manages": bool(managed[name]),
        "credential": bool(having),
        "users": list(dict.fromkeys([*having, *naming])),
        "others": [
            account
            for account, row in accounts.items()
            if account not in own and name in (row["credential"], row["rotator"])
        ],
    }
