# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of a revocation: where one account's key was, and what became of it there; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .evidence import ASKED, REMAINED, REMOVED, Row, account_rows, merged_rows, text
from .gather import keys_of

#: Why a key remained whose run was cut off: what became of it is told by nobody.
CUT = "the run that went to end it told no end"
_NOTHING = "No key was seen: the store has no such record, so whether the provider has the key is not known here.\n"
_SAY_SO = "Once its owner has ended it, say so with -e service_store_revoke_ended=true.\n"
_SAID = "its owner has ended it, as was said with service_store_revoke_ended; it was not tried out"


def opening(own: Mapping[str, Any], at: str, earlier: Iterable[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Return what is kept before the first key dies, so that a run that is cut off leaves word of it.

    ``service_store_offboard.keys`` of ``own`` are the keys, each with ``name`` and ``fingerprint``.
    """
    keys = [{**key, "why": CUT} for key in own["service_store_offboard"]["keys"]]
    return revocation({**own, "service_store_offboard": {"keys": keys}}, at, earlier)


def revocation(
    own: Mapping[str, Any],
    at: str,
    earlier: Iterable[Mapping[str, Any]] = (),
    check: bool = False,
    ended: bool = False,
) -> dict[str, Any]:
    """Return the evidence of one account's run with its text; ``own`` are the account's variables after it.

    ``ended``: the owner has ended what earlier runs left alive. ``waiting`` is what lives on, and ``complete`` that
    nothing does and the key was seen dead. ``file`` is "" where there is nothing to keep: nothing was done, and no
    earlier run waits for its end.
    """
    account, found = str(own["inventory_hostname"]), keys_of(own)
    keys = [str(key["name"]) for key in found["keys"]]
    begun = _begun(earlier, account, keys)
    before: list[Row] = begun.get("subjects", {}).get(account, [])
    now = account_rows(found, at, check)
    print_before = str(begun.get("fingerprint") or "")
    print_now = next((str(key["fingerprint"]) for key in found["keys"] if key.get("fingerprint")), "")
    carried = list(_unsettled(before, now, print_before if print_now not in ("", print_before) else ""))
    rows = [*carried, *merged_rows(before, now)]
    if ended and not check:
        rows = [_ended(row, at) if row in carried or row["state"] == ASKED else row for row in rows]
    waiting = [row["what"] for row in rows if row["state"] in (REMAINED, ASKED)]
    dead = [row for row in rows if row["state"] == REMOVED and row["what"].startswith(("key ", "credential "))]
    complete = not check and not waiting and bool(dead or not keys)
    told = {
        "account": account,
        "keys": keys,
        "fingerprint": print_now or print_before,
        "began_at": begun.get("began_at") or at,
        "finished_at": at if complete else "",
        "complete": complete,
        "waiting": waiting,
        "only_shown": check,
        "subjects": {account: rows},
    }
    stamp = str(told["began_at"]).replace("-", "").replace(":", "")
    file = begun.get("file") or (f"{account}-revocation-{stamp}" if rows and keys else "")
    words = text(told, f"Revocation of {', '.join(keys) or account}")
    if keys and not waiting and not any(row["what"].startswith(("key ", "credential ")) for row in rows):
        words += _NOTHING
    if carried or [row for row in rows if row["state"] == ASKED]:
        words += "" if complete else _SAY_SO
    return {**told, "file": "" if check else file, "text": words}


def _begun(earlier: Iterable[Mapping[str, Any]], account: str, keys: list[str]) -> Mapping[str, Any]:
    """Return the newest earlier evidence that waits for the end of these keys."""
    fits = [
        one
        for one in earlier
        if keys
        and one["keys"] == keys
        and not one["complete"]
        and any(row["state"] in (REMAINED, ASKED) for row in one["subjects"].get(account, ()))
    ]
    return max(fits, key=lambda one: str(one["began_at"]), default={})


def _unsettled(before: list[Row], now: list[Row], other: str) -> Iterator[Row]:
    """Yield what earlier runs left alive and nobody has seen dead since.

    ``other`` is the fingerprint of the key that they left, "" where it is this run's too. A record may go by other
    means than by its key's death, and a new key may come under its name; so neither says anything of the old one.
    """
    known = {row["what"] for row in now}
    seen = any(what.startswith("key ") for what in known)
    states = {row["state"] for row in before if row["what"].startswith("key ")}
    for row in before:
        kind, name = row["what"].split(" ", 1)
        if row["state"] != REMAINED or kind not in ("key", "credential"):
            continue
        what = row["what"]
        # A name with a fingerprint is that of a key which another one has followed.
        if kind == "credential" and "(" not in name:
            if (seen and not other) or (states == {REMOVED} and row["how"] != CUT):
                continue
            what += f" ({other})" if other else ""
        if what not in known:
            yield {**row, "what": what}


def _ended(row: Row, at: str) -> Row:
    return {**row, "state": REMOVED, "at": at, "how": _SAID}
