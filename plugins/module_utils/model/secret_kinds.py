# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policy of each secret field of a credential: what the providers issue, and what people make up."""

from __future__ import annotations

from collections.abc import Mapping

from .secret_policy import LETTERS_DIGITS, Alphabet, Policy

#: AWS publishes no alphabet for secret access keys; those it issues are 40 characters of base64. Clouds that speak
#: AWS's API issue the URL-safe spelling as well.
_BASE64 = Alphabet(LETTERS_DIGITS + "+/=_-", "", "letters, digits, + / = _ -")
_ISSUED = Policy()
#: By the name of the credential's field.
FIELDS: Mapping[str, Policy] = {
    "secret_access_key": Policy(min_length=40, max_length=128, min_bits=128, alphabet=_BASE64),
    # Entra ID issues 40 characters (client secrets of Microsoft Graph's addPassword); it has no blanks in them.
    "client_secret": _ISSUED,
    # Keystone issues 86 characters, and takes whatever the user made up (Identity API, application credentials).
    "application_credential_secret": _ISSUED,
    # CloudStack issues 86 characters of URL-safe base64 (registerUserKeys).
    "secret_key": _ISSUED,
    # The one that people make up.
    "password": Policy(min_length=14, max_length=128, min_classes=3, min_bits=64),
}
