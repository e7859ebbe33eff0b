# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the tables of Neutron and its VPNaaS in an SQLite file; run by the Python of Neutron's own environment.

Neutron's migrations alter constraints, which SQLite cannot; its models describe the same tables, and
Neutron's own tests make them this way. One migration also brings data, the rules that every new security
group starts with; they are taken from that migration itself.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

DEFAULT_RULES = "versions/2023.2/expand/c33da356b165_security_group_default_rules.py"


def main(path: str) -> None:
    import sqlalchemy
    from neutron_vpnaas.db.models import head

    # Neutron's own and those of VPNaaS.
    metadata = head.get_metadata()
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    with engine.begin() as connection:
        # Readers of the file (the reset of the lab) then never wait for its one writer.
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    with engine.begin() as connection:
        _add_default_rules(connection, metadata)
        _stamp(connection)


def _add_default_rules(connection: Any, metadata: Any) -> None:
    migration = _load_migration(DEFAULT_RULES)
    attributes = metadata.tables["standardattributes"]
    rules = metadata.tables[migration.table_name]
    for template in migration.default_template_rules:
        values = dict(template)
        made = connection.execute(
            attributes.insert().values(resource_type=migration.table_name, description=values.pop("description"))
        )
        connection.execute(rules.insert().values(**values, standard_attr_id=made.inserted_primary_key[0]))


def _stamp(connection: Any) -> None:
    """Neutron's own tools then see a database that no migration is missing from."""
    from neutron.db.migration import alembic_migrations as neutron
    from neutron_vpnaas.db.migration import alembic_migrations as vpnaas

    for table, package in (("alembic_version", neutron), (vpnaas.VPNAAS_VERSION_TABLE, vpnaas)):
        connection.exec_driver_sql(f"CREATE TABLE {table} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        for branch in ("EXPAND_HEAD", "CONTRACT_HEAD"):
            head = (_folder(package) / "versions" / branch).read_text().strip()
            connection.exec_driver_sql(f"INSERT INTO {table} VALUES (?)", (head,))


def _folder(package: ModuleType) -> Path:
    return Path(next(iter(package.__path__)))


def _load_migration(name: str) -> ModuleType:
    """Migrations are files, not modules: the folder of a release has a dot in its name."""
    from neutron.db.migration import alembic_migrations

    path = _folder(alembic_migrations) / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    return migration


if __name__ == "__main__":
    main(sys.argv[1])
