# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may make an application credential, what the new one may do, and when one has expired; on the real Keystone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ansible_collections.strategic.service_store.plugins.module_utils.core.errors import InvalidInput, ProviderError
from ansible_collections.strategic.service_store.plugins.module_utils.core.retry import Retry
from ansible_collections.strategic.service_store.plugins.module_utils.model.credential import Credential, parse
from ansible_collections.strategic.service_store.plugins.module_utils.model.invalid import InvalidValue
from ansible_collections.strategic.service_store.plugins.module_utils.provider.base import Access
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.keys import (
    ApplicationCredentials,
)
from ansible_collections.strategic.service_store.plugins.module_utils.provider.openstack.session import OpenStackSession
from tests.support.short_lived import expired

from .conftest import Cloud

USER = {"username": "u", "password": "p", "user_domain_name": "d", "project_name": "p"}


def test_a_password_has_fields_of_its_own_and_is_hidden() -> None:
    made = parse("hand", "openstack", USER)
    assert dict(made.secrets) == {"password": "p"} and "password" not in made.public
    with pytest.raises(InvalidValue, match="secret.user_domain_name.* is missing"):
        parse("hand", "openstack", {key: value for key, value in USER.items() if key != "user_domain_name"})
    with pytest.raises(
        InvalidValue, match=r"secret\.password.* is no field of a openstack credential; it has appl.*; or"
    ):
        parse("main", "openstack", {"application_credential_id": "i", "expires_at": "x", "password": "p"})


def test_a_users_password_is_not_rotated() -> None:
    user = parse("hand", "openstack", USER)
    session = OpenStackSession(user, Access({"identity": "https://127.0.0.1:9"}))
    with pytest.raises(InvalidInput, match="only application credentials are rotated"):
        ApplicationCredentials(session, user)


def refused(cloud: Cloud, actor: OpenStackSession, project: str = "main") -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        ApplicationCredentials(actor, cloud.credential(project)).create("next")
    return failed.value


def test_an_end_that_is_no_time_is_refused_and_named() -> None:
    fields = {"application_credential_id": "i", "application_credential_secret": "s"}
    assert parse("main", "openstack", {**fields, "expires_at": "2031-01-01"}).public["expires_at"] == "2031-01-01"
    with pytest.raises(InvalidValue, match=r"secret\.expires_at.* is no time in UTC; write 2027-01-31"):
        parse("main", "openstack", {**fields, "expires_at": "next year"})


def test_whoever_lists_keys_is_of_the_same_user_and_project() -> None:
    """Keystone lists the asker's own; that another's is not among them proves nothing."""
    fields = {"application_credential_id": "i", "application_credential_secret": "s"}
    known = {"user_id": "u-1", "project_id": "p-1"}
    for what in known:
        session = OpenStackSession(parse("hand", "openstack", USER), Access({"identity": "https://127.0.0.1:9"}))
        session.token = lambda what=what: SimpleNamespace(**{**known, what: "another"})  # type: ignore[method-assign]
        adapter = ApplicationCredentials(session, replace(parse("main", "openstack", fields), meta=known))
        with pytest.raises(
            ProviderError, match="whoever asks is of .* another, the application credential of"
        ) as failed:
            adapter.keys()
        assert failed.value.kind == "no_permission" and "same user and project" in failed.value.hint


@pytest.mark.openstack
def test_a_password_probes_as_its_user(cloud: Cloud) -> None:
    who = cloud.session(given=cloud.user()).probe("network")
    assert (who.account, who.principal) == ("globex/main", "user globex/service-store")
    assert cloud.operations() == ["POST /v3/auth/tokens", "GET /v2.0/security-groups"]


@pytest.mark.openstack
def test_the_successor_has_the_roles_and_rules_of_the_old_one(cloud: Cloud) -> None:
    for project, rules in (("main", True), ("reader", False)):
        keys = ApplicationCredentials(cloud.session(given=cloud.user(project)), cloud.credential(project))
        cloud.forget()
        new = keys.create(f"next-{project}", "2031-01-01T00:00:00Z")
        assert new.public["expires_at"] == "2031-01-01T00:00:00Z"
        assert [name.partition(" ")[0] for name in cloud.operations()] == ["POST", "GET", "POST"]
        before, after = cloud.session(project).probe(), cloud.session(given=new).probe()
        assert after.detail["roles"] == before.detail["roles"]
        assert after.detail["access_rules"] == before.detail["access_rules"]
        assert (after.detail["access_rules"] is not None) is rules


@pytest.mark.openstack
def test_a_name_is_taken_once_per_user_whatever_the_project(cloud: Cloud) -> None:
    for project in ("main", "reader"):
        keys = ApplicationCredentials(cloud.session(given=cloud.user(project)), cloud.credential(project))
        if project == "main":
            keys.create("next")
            continue
        with pytest.raises(ProviderError, match="the user has an application credential of that name") as failed:
            keys.create("next")
        assert failed.value.kind == "already_exists"


@pytest.mark.openstack
def test_an_unrestricted_one_makes_its_own_successor_which_is_unrestricted(cloud: Cloud) -> None:
    own = cloud.credential("free")
    keys = ApplicationCredentials(cloud.session(given=own), own)
    new = keys.create("next")
    heir = ApplicationCredentials(cloud.session(given=new), new)
    heir.delete(keys.id_of(own))
    (left,) = heir.keys()
    assert left.label == "next"
    with pytest.raises(ProviderError) as failed:
        cloud.session(given=own).probe()
    assert failed.value.kind == "bad_key"


@pytest.mark.openstack
@pytest.mark.parametrize("project", ["main", "reader"], ids=["with access rules", "without"])
def test_a_restricted_one_cannot_and_the_error_asks_for_a_rotator(cloud: Cloud, project: str) -> None:
    error = refused(cloud, cloud.session(project), project)
    assert error.kind == "no_permission" and "name a rotator: the user's own password" in error.hint


@pytest.mark.openstack
def test_a_rotator_of_another_project_or_user_is_refused(cloud: Cloud) -> None:
    elsewhere = refused(cloud, cloud.session(given=cloud.user("free")))
    assert elsewhere.kind == "no_permission" and "the rotator works in project" in elsewhere.why
    somebody = refused(cloud, cloud.session(given=cloud.user("foreign")))
    assert somebody.kind == "no_permission" and "of the same user and project" in somebody.hint


@pytest.mark.openstack
def test_an_expired_one_is_told_from_a_wrong_secret(cloud: Cloud) -> None:
    keys = ApplicationCredentials(cloud.session(given=cloud.user()), cloud.credential())
    new = expired(lambda end: keys.create("short", end))
    kinds = []
    for public in (new.public, {"application_credential_id": new.public["application_credential_id"]}):
        given = Credential(new.name, new.provider, public, new.secrets)
        with pytest.raises(ProviderError) as failed:
            cloud.session(given=given, retry=Retry(0)).probe()
        kinds.append(failed.value.kind)
    # What was registered with it is all there is to tell it by: Keystone's answer is the same.
    assert kinds == ["expired", "bad_key"]
    listed = keys.keys()
    assert {key.label: key.active for key in listed}["short"] is False
