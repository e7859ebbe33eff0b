# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of modules that receive a secret: where it comes from, and the rules that it has to keep."""

from __future__ import annotations

from .spec import Spec

SECRET_POLICY = Spec(
    {
        "secret_policy": {
            "type": "dict",
            "no_log": False,
            "options": {
                "min_length": {"type": "int"},
                "max_length": {"type": "int"},
                "min_classes": {"type": "int"},
                "min_bits": {"type": "int"},
                "alphabet": {"type": "str", "choices": ["provider", "any"], "default": "provider"},
                "forbidden_words": {"type": "list", "elements": "str"},
                "words_file": {"type": "path"},
                "reuse": {"type": "int"},
            },
        },
    }
)

RECEIVED_SECRET = Spec(
    {
        "secret_from": {
            "type": "dict",
            "no_log": False,  # it names places; the secret is read by the module
            "options": {
                "file": {"type": "path"},
                "env": {"type": "str"},
                "sealed": {
                    "type": "dict",
                    "options": {
                        "file": {"type": "path", "required": True},
                        "key_file": {"type": "path", "required": True, "no_log": False},
                        "customer": {"type": "str"},
                        "account": {"type": "str"},
                        "purpose": {"type": "str"},
                    },
                },
            },
            "mutually_exclusive": [("file", "env", "sealed")],
            "required_one_of": [("file", "env", "sealed")],
        },
    }
).merge(SECRET_POLICY)
