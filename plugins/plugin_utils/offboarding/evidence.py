# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence of an offboarding: what was removed where and when, what others have to do, what remained; pure.

A row is ``{what, where, state, at, how}``. The rows of an earlier, unfinished run stay; what remained is told anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.model.scope import Scope

REMOVED, ASKED, REMAINED, WOULD = "removed", "asked", "remained", "would be removed"
#: What a revocation says of a place where nothing is left. Whatever else it says, now or later, remained.
_GONE = ("deleted", "disabled", "replaced", "dead", "removed")
_TITLES = {
    REMOVED: "Removed",
    WOULD: "Would be removed",
    ASKED: "For the staff at the other end",
    REMAINED: "Remained",
}
_NOT_HERE = "it was not reached in this run"
_UNENDED = "forgotten; it lives until its owner has ended it"
Row = dict[str, str]


def evidence(
    found: Mapping[str, Any], at: str, earlier: Iterable[Mapping[str, Any]] = (), check: bool = False
) -> dict[str, Any]:
    """Return the evidence of a run with its text; ``found`` is what ``gather`` returns."""
    begun = _unfinished(earlier, found["register"].get("sha256", ""))
    subjects: dict[str, list[Row]] = {}
    for name, account in found["accounts"].items():
        rows = account_rows(account, at, check)
        subjects[name] = rows if account["reached"] else [_row(name, "", REMAINED, "", _NOT_HERE)]
    for name, host in found["hosts"].items():
        subjects[name] = _host(host, at, check)
    before = begun.get("subjects", {})
    merged = {name: merged_rows(before.get(name, []), rows) for name, rows in subjects.items()}
    # The register goes last, when nothing else remains.
    complete = not check and not [row for rows in merged.values() for row in rows if row["state"] == REMAINED]
    merged["register"] = merged_rows(before.get("register", []), [_register(found["register"], at, check, complete)])
    told = {
        "customer": found["customer"],
        "began_at": begun.get("began_at") or at,
        "finished_at": (begun.get("finished_at") or at) if complete else "",
        "complete": complete,
        "only_shown": check,
        "register_sha256": found["register"].get("sha256", ""),
        "subjects": merged,
    }
    file = begun.get("file") or f"{found['customer']}-offboarding-{at[:10]}"
    words = text(told, f"Offboarding of {told['customer']}")
    return {**told, "file": file, "archive": found["register"]["archive"], "text": words}


def text(told: Mapping[str, Any], title: str) -> str:
    """Return the evidence for people to read."""
    end = f"finished {told['finished_at']}" if told["complete"] else "not finished"
    life = "this is what would go; nothing was done" if told["only_shown"] else f"began {told['began_at']}, {end}"
    lines = [f"{title}: {life}", ""]
    for state, heading in _TITLES.items():
        rows = [(name, row) for name, rows in told["subjects"].items() for row in rows if row["state"] == state]
        if rows:
            lines.append(heading)
            lines += [f"  {name}: {_line(row)}" for name, row in rows]
            lines.append("")
    return "\n".join(lines)


def _line(row: Row) -> str:
    parts = [row["what"], f"at {row['where']}" if row["where"] else "", f"({row['at']})" if row["at"] else ""]
    return " ".join(part for part in parts if part) + (f": {row['how']}" if row["how"] else "")


def _row(what: str, where: str, state: str, at: str = "", how: str = "") -> Row:
    return {"what": what, "where": where, "state": state, "at": at, "how": how}


def _unfinished(earlier: Iterable[Mapping[str, Any]], sha256: str) -> Mapping[str, Any]:
    """Return the newest earlier evidence that this run goes on with."""
    fits = [it for it in earlier if not it["complete"] or (sha256 and it["register_sha256"] == sha256)]
    return max(fits, key=lambda it: str(it["began_at"]), default={})


def merged_rows(before: Iterable[Row], now: list[Row]) -> list[Row]:
    """Return the rows of now on top of what an earlier run had removed or asked for."""
    known = {(row["what"], row["where"]) for row in now if row["state"] != REMAINED}
    kept = [row for row in before if row["state"] in (REMOVED, ASKED) and (row["what"], row["where"]) not in known]
    return [*kept, *now]


def account_rows(account: Mapping[str, Any], at: str, check: bool) -> list[Row]:
    """Return what went of an account, what others are asked for, and what remained."""
    gone = WOULD if check else REMOVED
    rows: list[Row] = []
    for item in (account.get("access") or {}).get("allowlists", ()):
        where = str(Scope(**item["scope"]))
        rows += [_row(f"entry {entry}", where, gone, "" if check else at) for entry in item["removed"]]
    for item in account.get("vpn") or ():
        rows += _gateway(item, gone, "" if check else at)
    rows += _restriction(account.get("restriction") or {}, account.get("sheet", ""), gone, at)
    rows += _firewalls(account.get("restriction") or {}, gone, at)
    for key in account.get("keys") or ():
        rows += _places(key.get("revocation") or {}, check)
        at_all = "" if check else at
        if key.get("forgotten"):
            rows.append(_row(f"record {key['name']}", "secret store", gone, at_all, _UNENDED))
        rows += [_row(f"notices about {key['name']}", store, gone, at_all) for store in key.get("notices") or ()]
    rows += [
        _row(f"pre-shared key {item['item']}", "secret store", gone, "" if check else at)
        for item in account.get("psks") or ()
        if item.get("changed")
    ]
    rows += [_row(item["what"], item["where"], ASKED, "", item["how"]) for item in account.get("asked") or ()]
    return rows + [_row(item["what"], "", REMAINED, "", item["why"]) for item in account.get("remained") or ()]


def _gateway(item: Mapping[str, Any], gone: str, at: str) -> list[Row]:
    """Return what went of a cloud's end: the whole, or of a removal that broke off each part that it took away."""
    if not item.get("changed"):
        return []
    if item.get("gateway"):
        return [_row(f"VPN gateway {item['gateway']['name']}", str(Scope(**item["gateway"]["scope"])), gone, at)]
    named = item["service_store_vpn"]
    where = str(Scope(**named["scope"]))
    return [_row(f"VPN gateway {named['name']}: {part}", where, gone, at) for part in item.get("applied") or ()]


def _restriction(found: Mapping[str, Any], sheet: str, gone: str, at: str) -> list[Row]:
    what = "API source restriction"
    if found.get("sheet"):
        return [_row(what, found["enforced_by"], ASKED, at, f"the request to the {found['applied_by']} is {sheet}")]
    if found.get("list_changed", found.get("changed")):
        return [_row(what, found["enforced_by"], gone, "" if gone == WOULD else at)]
    return []


def _firewalls(found: Mapping[str, Any], gone: str, at: str) -> list[Row]:
    """Return the rules that went out of firewalls; who is refused there besides stays refused."""
    return [
        _row(f"rule {rule}", f"{item['kind']} {item['name']}", gone, "" if gone == WOULD else at)
        for item in found.get("data_plane", ())
        for rule in item["removed"]
    ]


def _places(found: Mapping[str, Any], check: bool) -> list[Row]:
    rows = []
    for place in found.get("places", ()):
        what = f"{'key' if place['place'] == 'provider' else 'record'} {place['what']}"
        left = REMAINED if not check else WOULD
        outlives = f"; what goes on: {place['outlives']}" if place["outlives"] else ""
        state = REMOVED if place["state"] in _GONE else left
        proof = f"; {place['proof']}" if place["proof"] else ""
        how = "" if state == WOULD else f"{place['state']}{proof}{outlives}"
        rows.append(_row(what, place["where"], state, place["at"], how))
    return rows


def _host(host: Mapping[str, Any], at: str, check: bool) -> list[Row]:
    """Return the rows of a host of ours; ``wanted`` is what it should lose, ``gone`` what it has lost."""
    lost = host.get("gone") or []
    rows = [_row(what, "", WOULD if check else REMOVED, "" if check else at) for what in lost]
    why = host.get("why") or _NOT_HERE
    return rows + [_row(what, "", REMAINED, "", why) for what in host["wanted"] if what not in lost]


def _register(register: Mapping[str, Any], at: str, check: bool, complete: bool) -> Row:
    if complete or check:
        state = WOULD if check else REMOVED
        return _row(register["file"], "register", state, "" if check else at, f"kept as {register['archive']}")
    return _row(register["file"], "register", REMAINED, "", "it is kept until nothing else remains")
