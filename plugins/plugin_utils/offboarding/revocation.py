# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a revocation: where one account's key was, and what became of it there; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .evidence import REMAINED, Row, account_rows, merged_rows, text
from .gather import keys_of

_NOTHING = "Nothing: the store has no such record, so whether the provider has the key is not known here.\n"


def revocation(
    own: Mapping[str, Any], at: str, earlier: Iterable[Mapping[str, Any]] = (), check: bool = False
) -> dict[str, Any]:
    """Return the evidence of one account's run with its text; ``own`` are the account's variables after it.

    ``file`` is "" where there is nothing to keep: nothing was done, and no earlier run waits for its end.
    """
    account, found = str(own["inventory_hostname"]), keys_of(own)
    keys = [str(key["name"]) for key in found["keys"]]
    begun = max(
        (one for one in earlier if not one["complete"] and one["keys"] == keys),
        key=lambda one: str(one["began_at"]),
        default={},
    )
    rows: list[Row] = merged_rows(begun.get("subjects", {}).get(account, ()), account_rows(found, at, check))
    complete = not check and not [row for row in rows if row["state"] == REMAINED]
    told = {
        "account": account,
        "keys": keys,
        "began_at": begun.get("began_at") or at,
        "finished_at": at if complete else "",
        "complete": complete,
        "only_shown": check,
        "subjects": {account: rows},
    }
    stamp = str(told["began_at"]).replace("-", "").replace(":", "")
    file = begun.get("file") or (f"{account}-revocation-{stamp}" if rows else "")
    words = text(told, f"Revocation of {', '.join(keys) or account}")
    return {**told, "file": "" if check else file, "text": words if rows or not keys else words + _NOTHING}
