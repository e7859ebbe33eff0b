# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option ``secret``: the fields of a cloud credential."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.core.spec_credential.CREDENTIAL_FIELDS."""

    DOCUMENTATION = r"""
options:
  secret:
    description:
      - The fields of the credential. Which ones depends on the provider.
      - Give it from a vaulted variable, an AWX survey or a credential type, or use O(secret_from).
    type: dict
    suboptions:
      access_key_id:
        description: The access key's id, for V(aws).
        type: str
      secret_access_key:
        description: The secret access key, for V(aws).
        type: str
      tenant_id:
        description: The directory of the application, for V(azure).
        type: str
      client_id:
        description: The application's id, for V(azure).
        type: str
      client_secret:
        description: The application's password, for V(azure).
        type: str
      subscription_id:
        description: The subscription, for V(azure).
        type: str
      application_credential_id:
        description: The application credential's id, for V(openstack).
        type: str
      application_credential_secret:
        description: The application credential's secret, for V(openstack).
        type: str
      expires_at:
        description:
          - When the application credential expires, in UTC, such as V(2027-01-31T00:00:00Z), for V(openstack). Leave it
            out where it does not.
          - Keystone gives one answer to a wrong secret and to an expired credential; this tells them apart.
        type: str
      username:
        description:
          - The name of a Keystone user, for V(openstack), in place of an application credential. With
            O(secret.password) it serves as the rotator of the user's own application credentials, which a restricted
            application credential cannot replace.
        type: str
      password:
        description: The password of O(secret.username), for V(openstack).
        type: str
      user_domain_name:
        description: The domain of O(secret.username), for V(openstack).
        type: str
      project_name:
        description: The project that O(secret.username) works in, for V(openstack).
        type: str
      project_domain_name:
        description: The domain of O(secret.project_name), for V(openstack). Without it, that of the user.
        type: str
      api_key:
        description: The API key, for V(cloudstack) and V(bt_cloud).
        type: str
      secret_key:
        description: The secret key, for V(cloudstack) and V(bt_cloud).
        type: str
"""
