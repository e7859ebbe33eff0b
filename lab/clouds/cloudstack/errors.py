# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack's refusals: an HTTP status that is also the error code, and a text."""

from __future__ import annotations

# ApiErrorCode of CloudStack's API; cserrorcode is CSExceptionErrorCode's number for the exception's class.
UNAUTHORIZED = 401
API_LIMIT = 429
MALFORMED = 430
PARAM_ERROR = 431
UNSUPPORTED = 432
INTERNAL = 530
ACCOUNT_ERROR = 531
IN_USE = 536
CONFLICT = 537

_CS_CODES = {PARAM_ERROR: 4350, ACCOUNT_ERROR: 4365, IN_USE: 4355, CONFLICT: 4285}
_CS_DEFAULT = 9999


class ApiError(Exception):
    """What the API answers instead of a result."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    def body(self) -> dict[str, object]:
        return {
            "uuidList": [],
            "errorcode": self.code,
            "cserrorcode": _CS_CODES.get(self.code, _CS_DEFAULT),
            "errortext": self.text,
        }


def invalid(text: str) -> ApiError:
    return ApiError(PARAM_ERROR, text)


def forbidden(text: str) -> ApiError:
    return ApiError(ACCOUNT_ERROR, text)
