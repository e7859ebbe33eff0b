# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failed TLS handshake says about the clock."""

from __future__ import annotations

from ..core.errors import ProviderError

#: OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID. Nobody puts a certificate to use before its time: our clock is behind.
_NOT_YET = "certificate is not yet valid"


def handshake_failed(provider: str, doing: str, why: str) -> ProviderError:
    """Return ``tls``, or ``clock_skew`` where the certificate's time has not begun by this machine's clock.

    For providers whose calls carry no time (OpenStack's and Azure's tokens) it is the one sign of a clock that is off.
    """
    return ProviderError(provider, doing, why, "clock_skew" if _NOT_YET in why else "tls")
