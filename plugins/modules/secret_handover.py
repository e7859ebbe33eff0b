#!/usr/bin/python
# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module secret_handover."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_handover
short_description: Hands a secret over, sealed to its recipient or wrapped for one opening, with a receipt
version_added: 0.1.0
description:
  - Seals a record of the secret store, such as a credential or a pre-shared key, to the public key of a customer or a
    provider. Only the owner of that key can open the bundle, so that it may travel by mail.
  - Or wraps it in HashiCorp Vault or OpenBao for one opening. Whoever opens it second is refused, and so knows that
    somebody else was first.
  - A bundle is bound to a customer, an account, a purpose and an end. The module opens it for nothing else.
  - A receipt is written beside the bundle. It holds fingerprints and no secret.
  - The secret is never returned, and never lies in a file in the clear. Opening puts it into the secret store.
  - Whoever has the public key can seal. So an opened secret has to keep the same rules as one that comes another way
    (O(secret_policy)), and nothing that the sender says of it is relied upon. The record's owner is that of the record
    which it replaces; its day of registration and its end are not known, so that it counts as due.
  - Opening makes no call to a cloud. A cloud credential that arrives sealed is better registered with
    O(strategic.service_store.cloud_credential#module:secret_from.sealed), which tries it first. One that arrives
    wrapped is opened here, and then tried by M(strategic.service_store.cloud_credential) without a secret.
author: strategic.service_store contributors (@strategic)
extends_documentation_fragment:
  - strategic.service_store.secret_store
  - strategic.service_store.secret_store.wrapping_server
  - strategic.service_store.received_secret.secret_policy
attributes:
  check_mode:
    description:
      - Says whether a bundle would be made, or opens it in memory and verifies it.
      - A wrapped secret is only looked up, since it opens once.
    support: full
  diff_mode:
    description: Shows fingerprints, what the bundle is bound to and the recipient, never the secret.
    support: full
options:
  state:
    description:
      - V(sealed) has a bundle at O(path) that can be opened. One that is good still, for the same secret, recipient
        and binding, stays as it is.
      - V(opened) has the bundle's secret in the secret store, under O(name). The second run changes nothing.
      - A wrapped secret is used up last. Before it, O(name) is reserved in the secret store, so that one which is
        read-only, cannot be reached or was changed meanwhile costs no bundle. A secret that is then too weak, and a run
        that is killed in that moment, do; ask for another bundle. The reservation that a killed run leaves holds no
        secret, and counts as no record for the next bundle, M(strategic.service_store.cloud_credential) and
        M(strategic.service_store.vpn_psk).
    type: str
    choices: [sealed, opened]
    default: sealed
  name:
    description: The record in the secret store.
    type: str
    required: true
  path:
    description:
      - The bundle. With the method V(age) it is an ordinary armored file, which age's own program opens as well.
      - The receipt lies beside it, as C(<path>.receipt.json), that of the opening as
        C(<path>.opened.json).
    type: path
    required: true
  customer:
    description: The customer that the bundle is bound to.
    type: str
    required: true
  account:
    description: The cloud account or tunnel that the bundle is bound to.
    type: str
    required: true
  purpose:
    description:
      - What the secret is for. O(strategic.service_store.cloud_credential#module:secret_from.sealed) expects
        V(registration), O(strategic.service_store.vpn_psk#module:secret_from.sealed) expects V(psk).
    type: str
    required: true
  successor:
    description:
      - Seals the successor of a pre-shared key that is being changed, as
        O(strategic.service_store.vpn_psk#module:state=next) makes it, and not the key in use. No bundle holds more than
        one of them.
    type: bool
    default: false
  method:
    description:
      - V(hpke) is RFC 9180 with X25519, HKDF-SHA256 and ChaCha20-Poly1305. The binding is authenticated as its C(info).
      - V(age) is age's file format, for recipients who have age and not this collection. The binding is inside.
      - V(vault_wrap) is response wrapping, for recipients who reach the server. The bundle holds a token that opens
        once; whoever has the file can open it, so send it by a way that only the recipient reads.
    type: str
    choices: [hpke, age, vault_wrap]
    default: hpke
  recipient:
    description: Who shall open it. Required unless O(method=vault_wrap).
    type: dict
    suboptions:
      name:
        description: A name for the receipt.
        type: str
      public_key:
        description:
          - For V(hpke) an X25519 public key in PEM, or its 32 bytes in base64.
          - For V(age) a recipient such as C(age1...), or a public key of OpenSSH.
          - Compare it with its owner by another way than it came, by C(recipient_key) of the receipt.
        type: str
      public_key_file:
        description: A file with the public key.
        type: path
  ttl_s:
    description: How long a new bundle can be opened, in seconds. The default is 7 days, the most are 32 days.
    type: int
    default: 604800
  renew:
    description: Makes another bundle even where the one that is there is good, such as after it was lost.
    type: bool
    default: false
  key_file:
    description:
      - The file with the private key that opens a bundle of V(hpke) or V(age), which its owner alone can read.
      - Make one with C(openssl genpkey -algorithm X25519) or with C(age-keygen).
    type: path
seealso:
  - module: strategic.service_store.vpn_psk
  - module: strategic.service_store.cloud_credential
"""

EXAMPLES = r"""
- name: Hand the tunnel's key to the customer's network team
  strategic.service_store.secret_handover:
    name: acme-vpn
    path: /var/spool/handover/acme-vpn.json
    customer: acme
    account: acme-vpn
    purpose: psk
    recipient: {name: network@acme.example, public_key_file: /etc/service-store/recipients/acme.pem}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: The same for somebody who has age and nothing else
  strategic.service_store.secret_handover:
    name: acme-vpn
    path: /var/spool/handover/acme-vpn.age
    method: age
    customer: acme
    account: acme-vpn
    purpose: psk
    recipient:
      name: network@acme.example
      public_key: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: One opening within the hour, through the Vault that both sides reach
  strategic.service_store.secret_handover:
    name: acme-vpn
    path: /var/spool/handover/acme-vpn.wrapped.json
    method: vault_wrap
    ttl_s: 3600
    customer: acme
    account: acme-vpn
    purpose: psk
    vault: {url: https://vault.example.net:8200, auth: {token_file: /run/credentials/vault-token}}
    secret_store: {type: encrypted_file, path: /etc/service-store/secrets.json}

- name: On the customer's side, put the key into their own secret store
  strategic.service_store.secret_handover:
    state: opened
    name: service-store-vpn
    path: /home/netops/acme-vpn.json
    key_file: /home/netops/handover.key
    customer: acme
    account: acme-vpn
    purpose: psk
    secret_store: {type: encrypted_file, path: /home/netops/secrets.json}
"""

RETURN = r"""
status:
  description:
    - V(sealed) while the bundle can be opened, V(opened) once it was.
    - Whether a bundle that is sealed to a key was opened is known to its recipient alone, so it stays V(sealed).
  returned: success
  type: str
  sample: sealed
fingerprint:
  description:
    - A short name of the secret, the same as the other modules show. Both sides compare it.
    - That of a password, or of anything else that no provider issues, begins with C(pbkdf2:) and takes a third of a
      second to compute, so that it is of little use to guess by.
  returned: success
  type: str
  sample: "sha256:1f0c3d9a7b21"
claims:
  description:
    - What the sender says of the secret; C(owner), C(registered_at), C(made_at) and C(expires_at), as far as they are
      told. It is shown and not kept.
    - Empty where the bundle was not opened in this run.
  returned: success and O(state=opened)
  type: dict
  sample: {owner: network@globex.example, made_at: "2026-11-22T08:30:00Z"}
receipt:
  description:
    - What is written beside the bundle. Empty in check mode where a bundle would be made or opened.
    - C(recipient_key) is the first 16 hex digits of the SHA-256 of the public key's text.
  returned: success
  type: dict
  sample:
    format: strategic.service_store.handover/1 receipt
    method: hpke
    bundle: 6f1c1f5e-3b59-4f5c-9a54-0e6a1f0f6a51
    customer: acme
    account: acme-vpn
    purpose: psk
    sealed_at: "2026-11-22T08:30:00Z"
    expires_at: "2026-11-29T08:30:00Z"
    recipient: network@acme.example
    recipient_key: "sha256:9d0b7a51c2f4e688"
    secret_fingerprint: "sha256:1f0c3d9a7b21"
    bundle_sha256: 5f1e3a0f0f4c1d3b6c8a7e2d9b4f6a1c0d2e4f6a8b0c2d4e6f8a0b2c4d6e8f0a
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.strategic.service_store.plugins.module_utils.core.runner import Context, run
from ansible_collections.strategic.service_store.plugins.module_utils.handover.opened import Opened
from ansible_collections.strategic.service_store.plugins.module_utils.handover.options import SPEC
from ansible_collections.strategic.service_store.plugins.module_utils.handover.sealed import Sealed
from ansible_collections.strategic.service_store.plugins.module_utils.model.plan import Change, Plan


class Task:
    """Seals a secret, or opens a bundle."""

    def __init__(self, context: Context) -> None:
        opened = context.params["state"] == "opened"
        self._task: Opened | Sealed = Opened(context) if opened else Sealed(context)

    def plan(self) -> Plan:
        """Compare the bundle, or what came out of it, with what is wanted."""
        return self._task.plan()

    def apply(self, plan: Plan, done: Callable[[Change], None]) -> None:
        """Make the bundle, or put its secret into the store."""
        self._task.apply(plan, done)

    def result(self, plan: Plan, applied: Sequence[Change]) -> Mapping[str, Any]:
        """Return the receipt, never the secret."""
        return self._task.result(plan, applied)


def main() -> None:
    """Run the module."""
    run(SPEC, Task)


if __name__ == "__main__":
    main()
