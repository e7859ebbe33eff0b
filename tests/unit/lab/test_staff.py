# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the customers' staff: made once, private, and put back where one is missing."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from lab.components import register, select, staff
from lab.context import Context, make_context


def files(ctx: Context) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (ctx.folder / "staff").rglob("*") if path.is_file()}


def test_keys_are_made_once_and_what_is_lost_comes_back(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    assert not staff.status(ctx).ok
    told = staff.up(ctx)
    made = files(ctx)
    assert staff.status(ctx).ok and len(made) == 3 * len(staff.CUSTOMERS)
    staff.up(ctx)
    assert files(ctx) == made
    public = Path(told["public_keys"]["globex"])
    public.unlink()
    assert staff.status(ctx).detail == "missing: staff/globex/handover.pem"
    staff.up(ctx)
    assert files(ctx) == made
    staff.down(ctx)
    assert not (tmp_path / "staff").exists()


def test_what_is_private_is_so_and_the_public_key_is_its_other_half(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    staff.up(ctx)
    own = staff.folder_of(ctx, "initech")
    modes = {path.name: path.stat().st_mode & 0o777 for path in own.iterdir()}
    assert modes == {"handover.key": 0o600, "handover.pem": 0o644, "store.key": 0o600}
    assert own.stat().st_mode & 0o777 == 0o700
    private = load_pem_private_key((own / "handover.key").read_bytes(), password=None)
    assert load_pem_public_key((own / "handover.pem").read_bytes()) == private.public_key()


def test_the_register_names_these_keys_and_needs_them(tmp_path: Path) -> None:
    ctx = make_context(tmp_path)
    told = staff.up(ctx)["public_keys"]
    rendered = register.render(ctx)
    assert all(told[customer] in rendered[f"{customer}.yml"] for customer in staff.CUSTOMERS)
    assert [component.name for component in select(["register"])] == ["staff", "register"]
