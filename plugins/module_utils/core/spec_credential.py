# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of a cloud credential as one option; which of them belong together is model/credential.FIELDS."""

from __future__ import annotations

from .spec import Spec

CREDENTIAL_FIELDS = Spec(
    {
        "secret": {
            "type": "dict",
            "no_log": False,
            "options": {
                "access_key_id": {"type": "str"},
                "secret_access_key": {"type": "str", "no_log": True},
                "tenant_id": {"type": "str"},
                "client_id": {"type": "str"},
                "client_secret": {"type": "str", "no_log": True},
                "subscription_id": {"type": "str"},
                "application_credential_id": {"type": "str"},
                "application_credential_secret": {"type": "str", "no_log": True},
                "expires_at": {"type": "str"},
                "username": {"type": "str"},
                "password": {"type": "str", "no_log": True},
                "user_domain_name": {"type": "str"},
                "project_name": {"type": "str"},
                "project_domain_name": {"type": "str"},
                "api_key": {"type": "str", "no_log": False},
                "secret_key": {"type": "str", "no_log": True},
            },
        },
    }
)
