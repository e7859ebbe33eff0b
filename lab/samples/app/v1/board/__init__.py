# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A status board: people leave short notes, everybody reads them. Python's standard library alone.

python3 -m board        # BOARD_HOST (127.0.0.1), BOARD_PORT (8080), BOARD_DATA (./data)
"""
