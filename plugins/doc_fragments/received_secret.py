# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option groups of modules that receive a secret."""

from __future__ import annotations


# Written out where groups share suboptions: the yamllint of ansible-test reads plain literals alone.
class ModuleDocFragment:
    """Documents the options of module_utils.core.spec_received: RECEIVED_SECRET, and SECRET_POLICY alone."""

    SECRET_POLICY = r"""
options:
  secret_policy:
    description:
      - The rules that a received secret has to keep. They are checked before anything is sent or stored, and the
        error names every rule that is broken, never the secret.
      - Without these, each kind of secret has defaults of its own; the guide lists them. Those of API keys ask for
        what the providers issue, that of a password for 14 characters of three kinds and 64 bits.
    type: dict
    suboptions:
      min_length:
        description: How many characters it has at least.
        type: int
      max_length:
        description: How many characters it has at most.
        type: int
      min_classes:
        description: How many of small letters, capitals, digits and signs it has at least.
        type: int
      min_bits:
        description:
          - How many bits of entropy it is worth at least, by a cautious estimate. Common words, names, years, repeats,
            sequences and keyboard walks count for little, also when written with other cases, digits or signs.
        type: int
      alphabet:
        description:
          - V(provider) refuses characters that the provider does not take. V(any) takes all printable ASCII characters
            but blanks.
        type: str
        choices: [provider, any]
        default: provider
      forbidden_words:
        description: Words that are refused wherever they stand. The account's and its owner's names always are.
        type: list
        elements: str
      words_file:
        description: A file of further words that count for little, one a line, such as a list of leaked passwords.
        type: path
      reuse:
        description:
          - How many earlier secrets of the same record are remembered and refused. V(0) turns this off.
          - What is kept is a salted fingerprint (scrypt) in the record's own metadata, never an earlier secret.
          - Without it 8.
        type: int
"""

    DOCUMENTATION = r"""
options:
  secret_policy:
    description:
      - The rules that a received secret has to keep. They are checked before anything is sent or stored, and the
        error names every rule that is broken, never the secret.
      - Without these, each kind of secret has defaults of its own; the guide lists them. Those of API keys ask for
        what the providers issue, that of a password for 14 characters of three kinds and 64 bits.
    type: dict
    suboptions:
      min_length:
        description: How many characters it has at least.
        type: int
      max_length:
        description: How many characters it has at most.
        type: int
      min_classes:
        description: How many of small letters, capitals, digits and signs it has at least.
        type: int
      min_bits:
        description:
          - How many bits of entropy it is worth at least, by a cautious estimate. Common words, names, years, repeats,
            sequences and keyboard walks count for little, also when written with other cases, digits or signs.
        type: int
      alphabet:
        description:
          - V(provider) refuses characters that the provider does not take. V(any) takes all printable ASCII characters
            but blanks.
        type: str
        choices: [provider, any]
        default: provider
      forbidden_words:
        description: Words that are refused wherever they stand. The account's and its owner's names always are.
        type: list
        elements: str
      words_file:
        description: A file of further words that count for little, one a line, such as a list of leaked passwords.
        type: path
      reuse:
        description:
          - How many earlier secrets of the same record are remembered and refused. V(0) turns this off.
          - What is kept is a salted fingerprint (scrypt) in the record's own metadata, never an earlier secret.
          - Without it 8.
        type: int
  secret_from:
    description: Where the module itself reads the secret, so that it passes through no variable.
    type: dict
    suboptions:
      file:
        description: A file that its owner alone can read.
        type: path
      env:
        description: The name of an environment variable.
        type: str
      sealed:
        description:
          - A bundle that M(strategic.service_store.secret_handover) has sealed to a key of yours.
          - The bundle is opened in memory. It is refused when it is bound to another account or purpose, or has
            expired.
        type: dict
        suboptions:
          file:
            description: The bundle.
            type: path
            required: true
          key_file:
            description: The file with the private key, which its owner alone can read.
            type: path
            required: true
          customer:
            description: The customer that the bundle must be bound to. Without it, any.
            type: str
          account:
            description: The account that the bundle must be bound to. Without it, the name in the secret store.
            type: str
          purpose:
            description:
              - The purpose that the bundle must be bound to.
              - Without it V(registration) for a credential, V(psk) for a pre-shared key.
            type: str
"""
