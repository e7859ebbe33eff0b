# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which account watches which rotator, so that each is watched once, also where AWX runs slices; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import RegisterError
from .load import Document


def rotators_of(customers: Iterable[Document]) -> dict[str, list[dict[str, Any]]]:
    """Return, by account, the rotators that it watches as ``{name, policy, accounts}``.

    A rotator is watched by the first account that names it, and by none where it is some account's own credential,
    which is watched there. ``accounts`` are those of that account's customer alone, whose owners are told of them. Its
    policy is ``rotator_policy`` on top of the account's ``rotation``, whose ``expires_at`` speaks of another key.
    Raises RegisterError where two accounts state different policies for one rotator.
    """
    documents = tuple(customers)
    own = {account["credential"] for document in documents for account in document.content["cloud_accounts"]}
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        for index, account in enumerate(document.content["cloud_accounts"]):
            rotation = account.get("rotation", {})
            name = rotation.get("rotator", "")
            if not name or name in own:
                continue
            row = found.setdefault(
                name, {"keeper": account["name"], "of": document, "rotation": rotation, "stated": "", "accounts": []}
            )
            if row["of"] is document:
                row["accounts"].append(account["name"])
            if "rotator_policy" in rotation:
                where: list[str | int] = ["cloud_accounts", index, "rotation", "rotator_policy"]
                _state(row, account["name"], rotation, name, (document, where))
    kept: dict[str, list[dict[str, Any]]] = {}
    for name, row in found.items():
        shown = {"name": name, "policy": _policy(row["rotation"]), "accounts": row["accounts"]}
        kept.setdefault(row["keeper"], []).append(shown)
    return kept


def rotated_by(customers: Iterable[Document]) -> dict[str, list[str]]:
    """Return, by credential, the accounts whose keys it replaces as their rotator; its own account is none of them."""
    found: dict[str, list[str]] = {}
    for document in customers:
        for account in document.content["cloud_accounts"]:
            name = account.get("rotation", {}).get("rotator", "")
            if name and name != account["credential"]:
                found.setdefault(name, []).append(account["name"])
    return found


def _state(
    row: dict[str, Any],
    account: str,
    rotation: Mapping[str, Any],
    name: str,
    place: tuple[Document, list[str | int]],
) -> None:
    """Take the policy that an account states for a rotator; refuse a second one that differs."""
    document, where = place
    if row["stated"] and row["rotation"]["rotator_policy"] != rotation["rotator_policy"]:
        text = f"{row['stated']} states another rotator_policy for {name}; state it once, or the same"
        raise RegisterError(document.path, document.line(where), text)
    if not row["stated"]:
        row["rotation"], row["stated"] = rotation, account


def _policy(rotation: Mapping[str, Any]) -> dict[str, Any]:
    shared = {key: value for key, value in rotation.items() if key not in ("rotator", "rotator_policy", "expires_at")}
    return {**shared, **rotation.get("rotator_policy", {})}
