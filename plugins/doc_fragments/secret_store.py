# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option group that says which secret store to use."""

from __future__ import annotations


class ModuleDocFragment:
    """Documents the options of module_utils.core.spec.SECRET_STORE."""

    DOCUMENTATION = r"""
options:
  secret_store:
    description:
      - Where credentials rest. The playbooks of this collection set it from the variable
        E(service_store_secret_store) through C(module_defaults).
      - It is never unlocked by a value in a playbook, only by files that their owner alone can read.
    type: dict
    suboptions:
      type:
        description:
          - V(encrypted_file) is one file, encrypted with AES-256-GCM, that needs no server.
          - V(vault) is the KV secrets engine, version 2, of HashiCorp Vault or OpenBao.
        type: str
        choices: [encrypted_file, vault]
        default: encrypted_file
      path:
        description:
          - The file, for V(encrypted_file).
          - Mount and folder, for V(vault). Without it V(secret/service_store).
        type: str
      url:
        description: The server's address, for V(vault). Only https is taken.
        type: str
      namespace:
        description: The namespace of an enterprise server.
        type: str
      auth:
        description: What opens the store.
        type: dict
        suboptions:
          key_file:
            description:
              - The file with the key, 32 bytes in base64, for V(encrypted_file).
              - Without it the path is taken from the environment variable E(SERVICE_STORE_KEY_FILE), or from the
                systemd credential C(service-store-key).
            type: path
          token_file:
            description: The file with a token, for V(vault).
            type: path
          role_id:
            description: The role of an AppRole login, for V(vault).
            type: str
          secret_id_file:
            description: The file with the secret id of an AppRole login.
            type: path
          ca_file:
            description: The certificate authority of the server, where it is not one of the system's.
            type: path
"""
