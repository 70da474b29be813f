"""The steps of a DDL plan: each knows its SQL, and whether it may run in line or must wait for a job."""

from __future__ import annotations

from dataclasses import dataclass

from crm_platform.kit.sqlnames import quote


@dataclass(frozen=True)
class CreateTable:
    table: str
    columns: tuple[str, ...]  # column definitions

    def sql(self) -> str:
        # Room in every page lets most updates stay on it without touching indexes (HOT).
        return f"CREATE TABLE {quote(self.table)} ({', '.join(self.columns)}) WITH (fillfactor = 80)"


@dataclass(frozen=True)
class AddColumns:
    """Columns that are nullable or have a constant default: no row is rewritten."""

    table: str
    columns: tuple[str, ...]

    def sql(self) -> str:
        return f"ALTER TABLE {quote(self.table)} " + ", ".join(f"ADD COLUMN {item}" for item in self.columns)


@dataclass(frozen=True)
class DropColumns:
    """Columns of results that are not stored any more, with their indexes: nothing that could not be worked out again.

    A worker with an older data model gets the error of an unknown column, upon which it reloads the data model.
    """

    table: str
    columns: tuple[str, ...]

    def sql(self) -> str:
        return f"ALTER TABLE {quote(self.table)} " + ", ".join(f"DROP COLUMN {quote(item)}" for item in self.columns)


@dataclass(frozen=True)
class WidenColumn:
    """varchar(n) to a longer varchar or to text: a change of the catalog alone."""

    table: str
    column: str
    db_type: str

    def sql(self) -> str:
        return f"ALTER TABLE {quote(self.table)} ALTER COLUMN {quote(self.column)} TYPE {self.db_type}"


@dataclass(frozen=True)
class AddConstraint:
    """A constraint on new rows at once (`NOT VALID`); old rows are checked by a job, or here if there are none."""

    table: str
    name: str
    definition: str
    validate: bool

    def sql(self) -> str:
        suffix = "" if self.validate else " NOT VALID"
        return f"ALTER TABLE {quote(self.table)} ADD CONSTRAINT {quote(self.name)} {self.definition}{suffix}"


@dataclass(frozen=True)
class CreateIndex:
    table: str
    name: str
    definition: str  # what follows the table's name
    unique: bool = False

    def sql(self, *, concurrently: bool = False) -> str:
        kind = "UNIQUE INDEX" if self.unique else "INDEX"
        how = " CONCURRENTLY" if concurrently else ""
        return f"CREATE {kind}{how} {quote(self.name)} ON {quote(self.table)} {self.definition}"


@dataclass(frozen=True)
class DropIndex:
    table: str
    name: str

    def sql(self) -> str:
        return f"DROP INDEX IF EXISTS {quote(self.name)}"


@dataclass(frozen=True)
class Guard:
    """Keeps writers away from a column that is being replaced, unless they write its successor, too.

    A writer says so by naming the successor in `crm.mirrors`. One that works with an older data model gets the
    error of an unknown column, upon which it reloads the data model and does its work again.
    """

    table: str
    column: str
    default_sql: str | None
    successor: int

    def sql(self) -> str:
        table, stem = quote(self.table), f"EXECUTE FUNCTION require_mirror('{self.successor:d}')"
        column, default = quote(self.column), self.default_sql or "NULL"
        return (
            f"{MIRROR_FUNCTION};"
            f" CREATE TRIGGER {quote(f's_{self.column}')} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW {stem};"
            f" CREATE TRIGGER {quote(f'n_{self.column}')} BEFORE INSERT ON {table} FOR EACH ROW"
            f" WHEN (NEW.{column} IS DISTINCT FROM {default}) {stem}"
        )


@dataclass(frozen=True)
class Unguard:
    table: str
    column: str

    def sql(self) -> str:
        names = (quote(f"{prefix}_{self.column}") for prefix in "sn")
        return "; ".join(f"DROP TRIGGER IF EXISTS {name} ON {quote(self.table)}" for name in names)


@dataclass(frozen=True)
class CountHolders:
    """Keeps in `objects_holding` how many records of an object each person holds, by pool, whoever writes the table.

    The first count is made here, while the triggers' own lock keeps writers away.
    """

    table: str
    object_id: int

    def sql(self) -> str:
        table, how = quote(self.table), f"FOR EACH STATEMENT EXECUTE FUNCTION count_holders('{self.object_id:d}')"
        return (
            f"{COUNT_FUNCTION};"  # noqa: S608 (physical names and numbers only)
            f" CREATE TRIGGER h_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS news {how};"
            f" CREATE TRIGGER h_update AFTER UPDATE ON {table} REFERENCING OLD TABLE AS olds NEW TABLE AS news {how};"
            f" CREATE TRIGGER h_delete AFTER DELETE ON {table} REFERENCING OLD TABLE AS olds {how};"
            f" DELETE FROM objects_holding WHERE object_id = {self.object_id:d};"
            " INSERT INTO objects_holding (object_id, user_id, pool_id, held)"
            f" SELECT {self.object_id:d}, owner_id, pool_id, count(*) FROM {table}"
            " WHERE owner_id IS NOT NULL AND deleted_at IS NULL GROUP BY 2, 3"
        )


@dataclass(frozen=True)
class StopCounting:
    table: str
    object_id: int

    def sql(self) -> str:
        names = ("h_insert", "h_update", "h_delete")
        dropped = "; ".join(f"DROP TRIGGER IF EXISTS {name} ON {quote(self.table)}" for name in names)
        return f"{dropped}; DELETE FROM objects_holding WHERE object_id = {self.object_id:d}"  # noqa: S608


COUNT_FUNCTION = """CREATE OR REPLACE FUNCTION count_holders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO objects_holding AS h (object_id, user_id, pool_id, held)
        SELECT TG_ARGV[0]::bigint, owner_id, pool_id, count(*) FROM news
        WHERE owner_id IS NOT NULL AND deleted_at IS NULL GROUP BY 2, 3 ORDER BY 2, 3
        ON CONFLICT (object_id, user_id, pool_id) DO UPDATE SET held = h.held + excluded.held;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE objects_holding h SET held = h.held - d.n FROM (
            SELECT owner_id, pool_id, count(*) AS n FROM olds
            WHERE owner_id IS NOT NULL AND deleted_at IS NULL GROUP BY 1, 2
        ) d
        WHERE h.object_id = TG_ARGV[0]::bigint AND h.user_id = d.owner_id AND h.pool_id IS NOT DISTINCT FROM d.pool_id;
    ELSE
        INSERT INTO objects_holding AS h (object_id, user_id, pool_id, held)
        SELECT TG_ARGV[0]::bigint, owner_id, pool_id, sum(n) FROM (
            SELECT owner_id, pool_id, 1 AS n FROM news WHERE owner_id IS NOT NULL AND deleted_at IS NULL
            UNION ALL
            SELECT owner_id, pool_id, -1 FROM olds WHERE owner_id IS NOT NULL AND deleted_at IS NULL
        ) d GROUP BY 2, 3 HAVING sum(n) <> 0 ORDER BY 2, 3
        ON CONFLICT (object_id, user_id, pool_id) DO UPDATE SET held = h.held + excluded.held;
    END IF;
    RETURN NULL;
END $$"""
MIRRORS = "crm.mirrors"
MIRROR_FUNCTION = f"""CREATE OR REPLACE FUNCTION require_mirror() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_ARGV[0] = ANY (string_to_array(current_setting('{MIRRORS}', true), ',')) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the data model has moved on' USING ERRCODE = 'undefined_column';
END $$"""

Operation = (
    CreateTable
    | AddColumns
    | DropColumns
    | WidenColumn
    | AddConstraint
    | CreateIndex
    | DropIndex
    | Guard
    | Unguard
    | CountHolders
    | StopCounting
)
