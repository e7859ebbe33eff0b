# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A git server for reading: bare repositories as plain files over TLS (git's "dumb" http protocol).

    python -m lab.clouds.git --host 127.0.0.1 --port 0 --cert F --key F [--root FOLDER] [--config FILE]

The configuration is one JSON object, {"root": FOLDER}; --root is the same in a word. Everything below the folder is
public, nothing is listed, nothing is ever written. Repositories need `git update-server-info` after each change.

To loopback and to the server's own network it also shows GET /_lab/calls, a list of {method, path, source, status},
and takes POST /_lab/reset, which empties that list.
"""

from __future__ import annotations
