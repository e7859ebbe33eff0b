# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option groups that say which secret store to use, how a file was opened before, and which server wraps."""

from __future__ import annotations


# Written out where groups share suboptions: the yamllint of ansible-test reads plain literals alone.
class ModuleDocFragment:
    """Documents the options of module_utils.core.spec: SECRET_STORE, PREVIOUS_KEY and WRAPPING_SERVER."""

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
          - V(aws_secrets_manager) is AWS Secrets Manager.
          - V(barbican) is OpenStack's key manager. It has no check-and-set of its own; see the guide.
          - V(awx) are the records that a credential type of AWX injects into the job. It is read-only.
        type: str
        choices: [encrypted_file, vault, aws_secrets_manager, barbican, awx]
        default: encrypted_file
      path:
        description:
          - The file, for V(encrypted_file).
          - Mount and folder, for V(vault). Without it V(secret/service_store).
          - The first part of the secrets' names, for V(aws_secrets_manager) and V(barbican). Without it
            V(service_store).
          - A file with records, for V(awx). Without it the environment says where they are.
        type: str
      url:
        description:
          - The server's address. Only https is taken.
          - For V(vault) and V(barbican) it is required; for V(barbican) it is Keystone's.
          - For V(aws_secrets_manager) it replaces AWS's own endpoint of the region.
        type: str
      namespace:
        description: The namespace of an enterprise server, for V(vault).
        type: str
      region:
        description: The region, for V(aws_secrets_manager) and V(barbican).
        type: str
      kek:
        description:
          - The key-encryption key of an V(encrypted_file). It wraps the key that encrypts the records, and stays with
            its owner, who can exchange it with M(strategic.service_store.secret_store_rewrap).
        type: dict
        suboptions:
          type:
            description:
              - V(file) is the key file that O(secret_store.auth.key_file) names.
              - V(pkcs11) is an AES key in a PKCS#11 token, such as an HSM, used with C(CKM_AES_GCM).
              - V(vault_transit) is a key of the transit engine of HashiCorp Vault or OpenBao.
              - V(aws_kms) is a symmetric key of AWS KMS.
            type: str
            choices: [file, pkcs11, vault_transit, aws_kms]
            default: file
          key:
            description:
              - The label of the key in the token, the name of the transit key, or the id, ARN or alias of the KMS key.
              - It is a name, never the key.
            type: str
          library:
            description: The token's PKCS#11 library, for V(pkcs11).
            type: path
          token_label:
            description: The label of the token, for V(pkcs11).
            type: str
          url:
            description:
              - The address of the server, for V(vault_transit). Only https is taken.
              - For V(aws_kms) it replaces AWS's own endpoint of the region.
            type: str
          namespace:
            description: The namespace of an enterprise server, for V(vault_transit).
            type: str
          mount:
            description: The mount of the transit engine, for V(vault_transit). Without it V(transit).
            type: str
          region:
            description: The region of the key, for V(aws_kms). Without it the one that AWS's own configuration names.
            type: str
      auth:
        description: What opens the store, and the key-encryption key of an V(encrypted_file).
        type: dict
        suboptions:
          key_file:
            description:
              - The file with the key, 32 bytes in base64, for an V(encrypted_file) under a key of the type V(file).
              - Without it the path is taken from the environment variable E(SERVICE_STORE_KEY_FILE), or from the
                systemd credential C(service-store-key).
            type: path
          pin_file:
            description:
              - The file with the user's PIN, for V(pkcs11).
              - Without it the path is taken from the environment variable E(SERVICE_STORE_PIN_FILE), or from the
                systemd credential C(service-store-pin).
            type: path
          token_file:
            description: The file with a token, for V(vault) and V(vault_transit).
            type: path
          role_id:
            description: The role of an AppRole login, for V(vault) and V(vault_transit).
            type: str
          secret_id_file:
            description: The file with the secret id of an AppRole login.
            type: path
          credentials_file:
            description:
              - For V(aws_secrets_manager) and V(aws_kms), a shared credentials file of AWS. Without it, and without
                O(secret_store.auth.profile), the credentials are what boto3 finds, such as the role of the machine.
              - For V(barbican), a JSON file with C(application_credential_id) and C(application_credential_secret).
            type: path
          profile:
            description: The profile in a shared credentials file of AWS.
            type: str
          ca_file:
            description: The certificate authority of the server, where it is not one of the system's.
            type: path
"""

    PREVIOUS_KEY = r"""
options:
  previous:
    description:
      - How the file was opened until now. May stay in the playbook, it is used only where the file is not yet under
        the new key.
      - Not needed to leave the first format of the file, or for a new version of a transit key.
    type: dict
    suboptions:
      kek:
        description: The key-encryption key until now, as in O(secret_store.kek). Without it the key file.
        type: dict
        suboptions:
          type:
            description:
              - V(file) is the key file that O(secret_store.auth.key_file) names.
              - V(pkcs11) is an AES key in a PKCS#11 token, such as an HSM, used with C(CKM_AES_GCM).
              - V(vault_transit) is a key of the transit engine of HashiCorp Vault or OpenBao.
              - V(aws_kms) is a symmetric key of AWS KMS.
            type: str
            choices: [file, pkcs11, vault_transit, aws_kms]
            default: file
          key:
            description:
              - The label of the key in the token, the name of the transit key, or the id, ARN or alias of the KMS key.
              - It is a name, never the key.
            type: str
          library:
            description: The token's PKCS#11 library, for V(pkcs11).
            type: path
          token_label:
            description: The label of the token, for V(pkcs11).
            type: str
          url:
            description:
              - The address of the server, for V(vault_transit). Only https is taken.
              - For V(aws_kms) it replaces AWS's own endpoint of the region.
            type: str
          namespace:
            description: The namespace of an enterprise server, for V(vault_transit).
            type: str
          mount:
            description: The mount of the transit engine, for V(vault_transit). Without it V(transit).
            type: str
          region:
            description: The region of the key, for V(aws_kms). Without it the one that AWS's own configuration names.
            type: str
      auth:
        description: What opened that key, as in O(secret_store.auth).
        type: dict
        suboptions:
          key_file:
            description:
              - The file with the key, 32 bytes in base64, for an V(encrypted_file) under a key of the type V(file).
              - Without it the path is taken from the environment variable E(SERVICE_STORE_KEY_FILE), or from the
                systemd credential C(service-store-key).
            type: path
          pin_file:
            description:
              - The file with the user's PIN, for V(pkcs11).
              - Without it the path is taken from the environment variable E(SERVICE_STORE_PIN_FILE), or from the
                systemd credential C(service-store-pin).
            type: path
          token_file:
            description: The file with a token, for V(vault) and V(vault_transit).
            type: path
          role_id:
            description: The role of an AppRole login, for V(vault) and V(vault_transit).
            type: str
          secret_id_file:
            description: The file with the secret id of an AppRole login.
            type: path
          credentials_file:
            description:
              - For V(aws_secrets_manager) and V(aws_kms), a shared credentials file of AWS. Without it, and without
                O(secret_store.auth.profile), the credentials are what boto3 finds, such as the role of the machine.
              - For V(barbican), a JSON file with C(application_credential_id) and C(application_credential_secret).
            type: path
          profile:
            description: The profile in a shared credentials file of AWS.
            type: str
          ca_file:
            description: The certificate authority of the server, where it is not one of the system's.
            type: path
"""

    WRAPPING_SERVER = r"""
options:
  vault:
    description:
      - The server that wraps a secret for one opening. Without it that of a O(secret_store) of the type V(vault).
      - Opening takes the server that the bundle names and needs no identity, at most C(auth.ca_file).
    type: dict
    suboptions:
      url:
        description: The server's address. Only https is taken.
        type: str
      namespace:
        description: The namespace of an enterprise server.
        type: str
      auth:
        description: How to log in, as in O(secret_store.auth). It may C(update) C(sys/wrapping/wrap).
        type: dict
        suboptions:
          token_file:
            description: The file with a token, for V(vault) and V(vault_transit).
            type: path
          role_id:
            description: The role of an AppRole login, for V(vault) and V(vault_transit).
            type: str
          secret_id_file:
            description: The file with the secret id of an AppRole login.
            type: path
          ca_file:
            description: The certificate authority of the server, where it is not one of the system's.
            type: path
"""
