//! The table: what it must be, what is missing, and creating that.

use checkpoint_core::{Error, ErrorKind, Operation, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::PostgresStore;
use crate::error::{Phase, from_driver};
use crate::names::Table;
use crate::statements::LOCKS;
use crate::store::Calls;

/// A column: its name, the types that will do, whether it is never null, and how it is made.
struct Column(&'static str, &'static [&'static str], bool, &'static str);

const TEXT: &[&str] = &["text", "character varying"];

const COLUMNS: [Column; 6] = [
    Column("id", TEXT, true, "text collate \"C\" primary key"),
    Column("position", &["bigint"], false, "bigint"),
    Column("epoch", &["bigint"], true, "bigint not null default 0"),
    Column("owner", TEXT, false, "text"),
    Column("state", &["bytea"], true, "bytea not null default ''"),
    Column("updated_at", &["timestamp with time zone"], false, "timestamp with time zone"),
];

const PRIVILEGES: [&str; 4] = ["select", "insert", "update", "delete"];

/// Half of each page stays free, so that a new version of a row finds room in the page of the old one: only then does an
/// update leave the index alone (heap-only).
const STORAGE: &str = "fillfactor = 50";

/// $1 the table, $2 privileges: names and types of the columns, which are never null, whether the id is unique,
/// which of the privileges are missing; no row where there is no table.
const LOOK: &str = "
    with columns as (
      select a.attnum, a.attname::text as name, format_type(a.atttypid, null) as type, a.attnotnull as required
      from pg_attribute a where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped
    )
    select
      array(select name from columns order by attnum),
      array(select type from columns order by attnum),
      array(select required from columns order by attnum),
      exists (
        select from pg_index x join columns on x.indkey[0] = attnum and name = 'id'
        where x.indrelid = c.oid and x.indnkeyatts = 1 and x.indisunique and x.indisvalid and x.indimmediate
          and x.indpred is null
      ),
      array(select p from unnest($2::text[]) p where not has_table_privilege(c.oid, p))
    from pg_class c where c.oid = to_regclass($1)";

type Found = (Vec<String>, Vec<String>, Vec<bool>, bool, Vec<String>);

/// Something that is not as it must be, and the SQL that mends it.
struct Flaw {
    what: String,
    sql: String,
    mends: Mends,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mends {
    Administrator,
    Migrate,
}

impl PostgresStore {
    /// Creates what is missing of the schema, the table and its columns, in one transaction; changes nothing where all is
    /// there, and then needs no permission to create. Any number of processes may call it at once. A table that Eventuous has
    /// made gets our columns beside its own, so both can go on with it.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where the user may not create: [`verify`](Self::verify) names the SQL for somebody
    /// who may. [`NotReady`](ErrorKind::NotReady) where the table has something that is not mended without a
    /// decision, such as a column of another type.
    pub async fn migrate(&self) -> Result<()> {
        let calls = self.calls(Operation::Migrate);
        let mut connection = self.connection(Operation::Migrate).await?;
        if calls.flaws(&mut connection).await?.is_empty() {
            return Ok(());
        }
        let mut transaction = connection.begin().await.map_err(|error| calls.failed(error))?;
        calls.lock(&mut transaction).await?;
        for flaw in calls.flaws(&mut transaction).await?.into_iter().filter(|flaw| flaw.mends == Mends::Migrate) {
            calls.run(&mut transaction, flaw.sql).await?;
        }
        match error_of(&self.table, calls.flaws(&mut transaction).await?) {
            Some(error) => Err(calls.named(error)),
            None => transaction.commit().await.map_err(|error| calls.failed(error)),
        }
    }

    /// Checks that the table is there with its columns, their types and its primary key, and that this user may use it.
    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// [`NotReady`](ErrorKind::NotReady) names all that is missing or wrong and the SQL that mends it;
    /// [`Denied`](ErrorKind::Denied) where only permissions are missing.
    pub async fn verify(&self) -> Result<()> {
        let calls = self.calls(Operation::Verify);
        let mut connection = self.connection(Operation::Verify).await?;
        match error_of(&self.table, calls.flaws(&mut connection).await?) {
            Some(error) => Err(calls.named(error)),
            None => Ok(()),
        }
    }
}

impl Calls<'_> {
    /// One migration at a time in a database, until the end of the transaction.
    async fn lock(&self, connection: &mut PgConnection) -> Result<()> {
        let query = sqlx::query("select pg_advisory_xact_lock($1, 0)").bind(LOCKS);
        query.execute(connection).await.map(drop).map_err(|error| self.failed(error))
    }

    async fn run(&self, connection: &mut PgConnection, sql: String) -> Result<()> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
        done.map(drop).map_err(|error| from_driver(error, Phase::Executing, self.operation, self.table))
    }

    async fn flaws(&self, connection: &mut PgConnection) -> Result<Vec<Flaw>> {
        let found = sqlx::query_as(LOOK).bind(self.table.to_string()).bind(&PRIVILEGES[..]);
        match found.fetch_optional(&mut *connection).await.map_err(|error| self.failed(error))? {
            Some(found) => Ok(flaws_of(self.table, found)),
            None => Ok(vec![self.no_table(connection).await?]),
        }
    }

    /// The schema is not created again where it is there: that needs a permission which creating a table does not.
    async fn no_table(&self, connection: &mut PgConnection) -> Result<Flaw> {
        let table = self.table;
        let columns = COLUMNS.map(|Column(name, _, _, definition)| format!("{name} {definition}")).join(", ");
        let mut sql = format!("create table if not exists {table} ({columns}) with ({STORAGE});");
        if let Some(schema) = &table.schema {
            let query = sqlx::query_scalar("select to_regnamespace($1) is null").bind(schema.to_string());
            let is_missing: bool = query.fetch_one(connection).await.map_err(|error| self.failed(error))?;
            if is_missing {
                sql = format!("create schema if not exists {schema}; {sql}");
            }
        }
        Ok(Flaw { what: "it is not there".to_owned(), sql, mends: Mends::Migrate })
    }
}

fn flaws_of(table: &Table, (names, types, required, id_is_unique, missing_privileges): Found) -> Vec<Flaw> {
    let found = |name: &str| names.iter().position(|found| found == name);
    let columns = COLUMNS.iter().filter_map(|column| {
        let found = found(column.0).map(|at| (types[at].as_str(), required[at]));
        flaw_of_column(table, column, found)
    });
    let mut flaws: Vec<_> = columns.collect();
    if flaws.iter().any(|flaw| flaw.mends == Mends::Migrate) {
        flaws.push(Flaw {
            what: "its pages are filled to the brim".to_owned(),
            sql: format!("alter table {table} set ({STORAGE});"),
            mends: Mends::Migrate,
        });
    }
    if !id_is_unique && found("id").is_some() {
        flaws.push(Flaw {
            what: "its id is no primary key".to_owned(),
            sql: format!("alter table {table} add primary key (id);"),
            mends: Mends::Administrator,
        });
    }
    if !missing_privileges.is_empty() {
        let privileges = missing_privileges.join(", ");
        flaws.push(Flaw {
            what: format!("this user has no permission to {privileges}"),
            sql: format!("grant {privileges} on {table} to …;"),
            mends: Mends::Administrator,
        });
    }
    flaws
}

/// `found` is the type that a column has, and whether it is never null.
fn flaw_of_column(table: &Table, column: &Column, found: Option<(&str, bool)>) -> Option<Flaw> {
    let Column(name, types, never_null, definition) = column;
    let flaw = |what, sql, mends| Some(Flaw { what, sql: format!("alter table {table} {sql};"), mends });
    match found {
        None => {
            let mends = if *name == "id" { Mends::Administrator } else { Mends::Migrate };
            flaw(format!("it has no column {name}"), format!("add column if not exists {name} {definition}"), mends)
        }
        Some((found, _)) if !types.contains(&found) => {
            let what = format!("its column {name} is {found}, not {}", types[0]);
            flaw(what, format!("alter column {name} type {}", types[0]), Mends::Administrator)
        }
        Some((_, true)) if !never_null => {
            let what = format!("its column {name} does not allow null");
            flaw(what, format!("alter column {name} drop not null"), Mends::Administrator)
        }
        Some((_, false)) if *never_null => {
            let what = format!("its column {name} allows null");
            flaw(what, format!("alter column {name} set not null"), Mends::Administrator)
        }
        Some(_) => None,
    }
}

/// One error of all flaws, if there are any.
fn error_of(table: &Table, flaws: Vec<Flaw>) -> Option<Error> {
    let only_permissions = flaws.iter().all(|flaw| flaw.sql.starts_with("grant"));
    let can_migrate = flaws.iter().any(|flaw| flaw.mends == Mends::Migrate);
    let (what, sql): (Vec<_>, Vec<_>) = flaws.into_iter().map(|flaw| (flaw.what, flaw.sql)).unzip();
    if what.is_empty() {
        return None;
    }
    let kind = if only_permissions { ErrorKind::Denied } else { ErrorKind::NotReady };
    let advice = if can_migrate { "call PostgresStore::migrate, or run" } else { "an administrator has to run" };
    let message = format!("table {table}: {}; {advice}: {}", what.join(", "), sql.join(" "));
    Some(Error::new(kind, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaws(columns: &[(&str, &str, bool)], id_is_unique: bool, missing_privileges: &[&str]) -> Option<Error> {
        let names = columns.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let types = columns.iter().map(|(_, r#type, _)| (*r#type).to_owned()).collect();
        let required = columns.iter().map(|(.., required)| *required).collect();
        let privileges = missing_privileges.iter().map(|&privilege| privilege.to_owned()).collect();
        let table = Table::default();
        error_of(&table, flaws_of(&table, (names, types, required, id_is_unique, privileges)))
    }

    const GOOD: [(&str, &str, bool); 6] = [
        ("id", "character varying", true),
        ("position", "bigint", false),
        ("epoch", "bigint", true),
        ("owner", "text", false),
        ("state", "bytea", true),
        ("updated_at", "timestamp with time zone", false),
    ];

    #[test]
    fn a_good_table_has_no_flaws() {
        assert!(flaws(&GOOD, true, &[]).is_none());
        let more = [&GOOD[..], &[("note", "json", true)]].concat();
        assert!(flaws(&more, true, &[]).is_none());
    }

    #[test]
    fn each_flaw_is_named_with_its_sql() {
        let with = |name: &str, r#type: &'static str, required| {
            let mut columns = GOOD;
            let at = columns.iter().position(|column| column.0 == name).unwrap();
            columns[at] = (columns[at].0, r#type, required);
            columns
        };
        for (error, what) in [
            (flaws(&GOOD[..2], true, &[]), "no column epoch"),
            (flaws(&GOOD[..2], true, &[]), "add column if not exists state bytea not null default '';"),
            (flaws(&GOOD[..2], true, &[]), "set (fillfactor = 50);"),
            (flaws(&GOOD[1..], true, &[]), "no column id"),
            (flaws(&with("position", "integer", false), true, &[]), "alter column position type bigint;"),
            (flaws(&with("position", "bigint", true), true, &[]), "alter column position drop not null;"),
            (flaws(&with("epoch", "bigint", false), true, &[]), "alter column epoch set not null;"),
            (flaws(&GOOD, false, &[]), "alter table \"checkpoints\" add primary key (id);"),
        ] {
            let error = error.unwrap();
            assert_eq!(error.kind(), ErrorKind::NotReady);
            assert!(error.to_string().contains(what), "{error}");
        }
        let error = flaws(&GOOD, true, &["update", "delete"]).unwrap();
        assert_eq!(error.kind(), ErrorKind::Denied);
        assert!(error.to_string().contains("grant update, delete on \"checkpoints\" to"), "{error}");
    }
}
