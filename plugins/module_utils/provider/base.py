# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a provider's adapter offers: capabilities are Protocols, declared differences are data."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Protocol

from ..core.retry import Retry
from ..model.allowlist import Limits, ScopeState
from ..model.credential import Credential
from ..model.entry import Entry
from ..model.plan import Change
from ..model.scope import Scope

if TYPE_CHECKING:
    from ..model.data_plane import Firewall, Resource
    from ..model.permission import Granted, Need
    from ..model.restriction import Restriction
    from ..model.vpn_gateway import VpnGateway
    from ..model.vpn_plan import Part, VpnState, VpnTraits


@dataclass(frozen=True)
class Access:
    """How to reach one cloud account: everything a session needs besides the credential.

    ``proxy`` is the account's egress (``http://host:port``, used with CONNECT so that TLS stays end to end); None
    means a direct connection, never the environment's proxy. ``ca_file`` is a bundle to trust, None the system's.
    ``timeout_s`` holds for one call. ``workers`` is the number of calls at once.
    """

    endpoints: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    proxy: str | None = None
    ca_file: str | None = None
    timeout_s: float = 30.0
    retry: Retry = Retry()
    workers: int = 16


@dataclass(frozen=True)
class Identity:
    """Who the provider says the credential is: ``account`` and ``principal`` in the provider's own terms.

    ``remember`` belongs into the credential's meta: by it the principal is found again when the key itself is dead.
    """

    account: str
    principal: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    remember: Mapping[str, str] = field(default_factory=dict)


class CallCounter:
    """Counts the calls of a session by name, from any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, int] = {}

    def count(self, name: str) -> None:
        """Count one call that goes out, retries included."""
        with self._lock:
            self._calls[name] = self._calls.get(name, 0) + 1

    @property
    def total(self) -> int:
        """Return the number of calls so far."""
        with self._lock:
            return sum(self._calls.values())

    def by_name(self) -> dict[str, int]:
        """Return the number of calls by name."""
        with self._lock:
            return dict(sorted(self._calls.items()))


class Session(Protocol):
    """One authenticated connection to one cloud account; the seam where an SDK's exceptions are translated."""

    provider: str
    calls: CallCounter

    def probe(self, service: str = "") -> Identity:
        """Make the cheapest signed call of a service; raises ProviderError of a telling kind.

        ``service`` is one of the provider's ``probe_services``, "" the one that proves the credential itself.
        """


class AllowlistAdapter(Protocol):
    """Reads and changes the allowlists of one cloud account.

    ``limits`` hold for scopes that bring none of their own. One that can ask the provider for a limit that was raised
    has ``true_limits(state)`` besides; it is only called where the usual limit would be passed. One that can tell from
    what was read that changes cannot be made has ``refuse(state, changes)``, which raises ProviderError.
    """

    limits: Limits

    def read_allowlists(self, scopes: Sequence[Scope]) -> Mapping[Scope, ScopeState]:
        """Return the state of every scope, in the provider's minimum of calls.

        A scope that does not exist raises ProviderError (not_found) naming it. Rules that are no entries (egress
        rules, rules whose source is a group) are not in the state and are never touched.
        """

    def apply_allowlist(self, state: ScopeState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes in their order and yield each one once it has taken effect.

        Adds go in as few calls as the provider takes. A retried add that comes back "already exists" has succeeded,
        a retried removal that comes back "not found" likewise.
        """


class SourceRestrictionAdapter(Protocol):
    """Reads and changes from which source addresses an account's API may be used."""

    def read_restriction(self) -> Restriction:
        """Return what is enforced now, by whom, and who can change it."""

    def apply_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> None:
        """Let exactly these prefixes use the API; only called where ``applied_by`` is ``store``."""

    def render_restriction(self, now: Restriction, addresses: tuple[str, ...]) -> str:
        """Return, in plain words and commands, what whoever applies it has to do."""


class DataPlaneAdapter(Protocol):
    """Reads and changes the firewalls of single resources of an account."""

    def read_firewalls(self, resources: Sequence[Resource]) -> Mapping[Resource, Firewall]:
        """Return the firewall of every resource; one that does not exist raises ProviderError (not_found)."""

    def apply_firewall(self, now: Firewall, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes of one firewall's plan and yield each one once it has taken effect.

        What others changed since it was read stays.
        """

    def refuse_firewall(self, now: Firewall, changes: Sequence[Change]) -> None:
        """Raise ProviderError (quota) where the provider could not hold the outcome or its marks; makes no call."""

    def render_firewall(self, now: Firewall, changes: Sequence[Change]) -> str:
        """Return, in plain words and commands, what whoever makes the changes has to do."""


def _silent(_token: str) -> tuple[bool, str]:
    """Stand for the knock that a door was not given: no outcome may come of it, least of all a refusal."""
    raise ValueError("a door that is not unprovable needs its knock")


@dataclass(frozen=True)
class Door:
    """Where a resource's data is asked for. ``address`` is that of its public endpoint.

    ``token()`` returns what a call there carries; ``knock(token)`` makes one and returns whether the firewall let it
    in, and how that showed itself. Both raise ProviderError. ``unprovable`` says why no call can tell; "" where it can.
    """

    address: str
    token: Callable[[], str] = str
    knock: Callable[[str], tuple[bool, str]] = _silent
    unprovable: str = ""


@dataclass(frozen=True)
class DataPlane:
    """The resources of a provider that have firewalls of their own.

    ``check(where, resource)`` raises InvalidValue for a name that the kind does not have; ``express(kind, prefixes,
    where)`` returns the prefixes as the kind's rules are written, without families it does not know, and raises
    InvalidValue for one that no rule can say. ``door(session, way, resource)`` finds where the data is and gets tokens
    by ``session``, and knocks by the connection of ``way``. ``families`` are the versions of IP that firewalls know.
    """

    open: Callable[[Any, str], DataPlaneAdapter]
    check: Callable[[str, Resource], None]
    express: Callable[[str, Sequence[str], str], tuple[str, ...]]
    door: Callable[[Any, Any, Resource], Door]
    families: tuple[int, ...] = (4,)


class VpnAdapter(Protocol):
    """Reads and changes the cloud's end of site-to-site tunnels, as the parts that the provider makes it of."""

    def read_vpn(self, name: str, scope: Scope) -> VpnState:
        """Return what there is by that name, with what others made that it would use or stand beside.

        A scope that does not exist raises ProviderError (not_found) naming it. A pre-shared key that the provider
        tells is hidden, and is in the state as its fingerprint alone.
        """

    def parts_vpn(self, wanted: VpnGateway, state: VpnState) -> tuple[Part, ...]:
        """Return the parts that are wanted, in the provider's own terms, all with ``own``; makes no call.

        Where the state leaves a choice (a gateway that somebody else attached serves as well), what is there is taken.
        Raises ProviderError (invalid) for what cannot be had beside what was read.
        """

    def apply_vpn(self, state: VpnState, changes: Sequence[Change]) -> Iterator[Change]:
        """Make the changes in their order and yield each one once it has taken effect.

        A change that makes a tunnel drop is waited for before the next. A create whose answer was lost is looked for
        and not made again; a removal that comes back "not found" has succeeded. What is made bears this store's mark.
        """


@dataclass(frozen=True)
class Vpn:
    """The cloud's end of tunnels at a provider.

    ``open(session, store, keys, hide)`` takes the pre-shared keys by their name in the secret store, none for a run
    that only reads or removes, and what hides the ones that the provider tells. ``check(wanted)`` raises InvalidValue
    for what the provider cannot express, before any connection.
    """

    open: Callable[[Any, str, Mapping[str, str], Callable[..., None]], VpnAdapter]
    check: Callable[[VpnGateway], None]
    traits: VpnTraits


@dataclass(frozen=True)
class Key:
    """One key of a principal as its provider lists it. Times are UTC, ``2026-11-22T04:30:00Z``, "" where not told.

    ``label`` is the name that ``KeyAdapter.create`` gave it, "" where the provider keeps none.
    """

    id: str
    active: bool
    label: str = ""
    created_at: str = ""
    expires_at: str = ""


@dataclass(frozen=True)
class KeyTraits:
    """What a provider can do with the keys of one principal: differences between providers as data.

    ``overlap``: an old key goes on working beside a new one (else making one kills the other at once).
    ``labels``: a key carries a name of ours, so that one whose secret was lost is recognised.
    ``can_disable``: a key can be switched off and on again without being deleted.
    ``tells_last_use``: the provider says when a key was last used; ``why_not`` says in words why it does not.
    ``most``: how many keys a principal may have, None for no limit that matters.
    ``outlives`` says in words what goes on when a key has been killed, "" where nothing does.
    ``known_by`` names the entry of a credential's meta by which its principal is found when the key is dead.
    """

    overlap: bool
    labels: bool
    can_disable: bool
    tells_last_use: bool
    most: int | None = None
    why_not: str = ""
    outlives: str = ""
    known_by: str = ""


class KeyAdapter(Protocol):
    """Makes, disables and deletes the keys of one principal: that of the credential to be rotated.

    The session may belong to that credential itself or to its ``rotator``, a second one that may manage its keys.
    """

    @property
    def traits(self) -> KeyTraits:
        """Return what can be done with the keys; where that depends on the provider's version, it is asked once."""

    def keys(self) -> tuple[Key, ...]:
        """Return the principal's keys, oldest first."""

    def id_of(self, credential: Credential) -> str:
        """Return the id of the key that a credential holds, "" where the provider does not let it be told."""

    def create(self, label: str, expires_at: str = "") -> Credential:
        """Make a key and return the credential with it: the rotated one's name and fields, the new key's secrets.

        Never retried after a lost answer: the engine looks for what it left behind by ``label`` or by time instead.
        """

    def set_active(self, key_id: str, active: bool) -> None:
        """Switch a key off or on; only called where ``traits.can_disable``."""

    def delete(self, key_id: str) -> None:
        """Delete a key; one that is gone already has been deleted."""

    def last_use(self, key_id: str) -> str:
        """Return when a key was last used, "" for never; only called where ``traits.tells_last_use``."""


class PermissionAdapter(Protocol):
    """Finds out what the session's own credential may do."""

    def read_permissions(self, need: Need) -> Granted:
        """Return what is granted, as far as the provider tells; what it refuses to tell is in the answer, in words.

        ``need`` is what the caller will compare with, for providers that answer questions about single rights only.
        """


@dataclass(frozen=True)
class Permissions:
    """What the store needs of a provider's credentials, as data, and how to find out what one has.

    ``needs`` are the rights by capability; ``reading`` those that finding out takes, which are neither missed nor too
    much; ``administrator`` those by which a holder can give itself others; ``how`` says how a right is granted.
    """

    needs: Mapping[str, Need]
    open: Callable[[Any, Identity], PermissionAdapter]
    how: str
    reading: tuple[str, ...] = ()
    administrator: tuple[str, ...] = ()


def fits_all(kind: str, entry: Entry) -> None:
    """Take every entry: the default of a provider that can express them all."""


@dataclass(frozen=True)
class Provider:
    """One provider: its names, what it can do, and how to open a session.

    ``scope_kinds`` are the kinds of allowlist, ``bare_kinds`` those of them that hold addresses without protocol and
    ports; ``fits(kind, entry)`` raises ProviderError (invalid) for an entry that
    such a scope cannot express, so that it is refused before any connection. ``rotator_probe`` is the service that
    proves a credential which only manages the keys of others. A capability that is None is not offered; the registry
    says so.
    """

    name: str
    open: Callable[[Credential, Access], Session]
    scope_kinds: tuple[str, ...] = ()
    bare_kinds: tuple[str, ...] = ()
    allowlist: Callable[[Any, str], AllowlistAdapter] | None = None
    source_restriction: Callable[[Any, str], SourceRestrictionAdapter] | None = None
    data_plane: Callable[[], DataPlane] | None = None
    vpn: Callable[[], Vpn] | None = None
    keys: Callable[[Any, Credential], KeyAdapter] | None = None
    permissions: Callable[[], Permissions] | None = None
    probe_services: tuple[str, ...] = ()
    rotator_probe: str = ""
    mark_chars: int = 255
    fits: Callable[[str, Entry], None] = fits_all
