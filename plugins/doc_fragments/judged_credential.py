# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option group of modules that judge a credential: what it is for, and what it may do."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.core.spec_permissions.JUDGED_CREDENTIAL."""

    DOCUMENTATION = r"""
options:
  purpose:
    description:
      - What the credential is for, which decides what its probe proves.
      - V(rotator) is one that manages the keys of another credential and needs no access to the cloud account itself.
        For V(azure) its probe is a read call at Microsoft Graph in place of the subscription; elsewhere the probe is
        the same.
    type: str
    choices: [account, rotator]
    default: account
  permissions:
    description:
      - Whether to compare what the credential may do with what O(needs) takes.
      - V(ignore) makes no call for it.
      - V(report) returns RV(permissions) and warns of what is too much and of what the provider does not tell.
      - V(require) also refuses a credential that lacks something, before anything is stored. What the provider does
        not tell is no reason to refuse; it is a warning.
    type: str
    choices: [ignore, report, require]
    default: ignore
  needs:
    description:
      - What the store will do with the credential. Needed where O(permissions) is V(report) or V(require).
      - V(allowlist), V(source_restriction) and V(rotation) are the modules M(strategic.service_store.access_allowlist),
        M(strategic.service_store.api_source_restriction) and M(strategic.service_store.cloud_credential_rotation),
        the last one without a rotator.
      - V(storage_account), V(key_vault) and V(sql_server) are the kinds of resources in the option C(data_plane) of
        M(strategic.service_store.api_source_restriction), for O(provider=azure) alone.
      - V(vpn_gateway) is the module M(strategic.service_store.vpn_gateway), for the providers that it serves.
      - V(probe) is the call that registers. V(proof) are the read calls of M(strategic.service_store.access_probe),
        whose rights may be held and are not missed, since a proof names the services that it asks.
    type: list
    elements: str
    choices:
      - probe
      - proof
      - allowlist
      - source_restriction
      - storage_account
      - key_vault
      - sql_server
      - rotation
      - vpn_gateway
"""
