//! The SQL of every call. Made once for each store, so that a connection prepares each text once.

use std::fmt::Display;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::names::Table;

/// The first half of the keys of our advisory locks, so that they are none of the application's: "CHKP" in ASCII.
pub(crate) const LOCKS: i32 = 0x4348_4b50;

/// What a record has beside its id, as `row.rs` reads it.
const RECORD: &str = "c.position, c.epoch, c.owner, c.state, \
    case when isfinite(c.updated_at) then (extract(epoch from c.updated_at) * 1000000)::bigint end";

/// Texts that are cheap to clone.
#[derive(Debug)]
pub(crate) struct Statements {
    pub(crate) read: SqlStr,
    pub(crate) held: SqlStr,
    pub(crate) update: SqlStr,
    pub(crate) insert: SqlStr,
    pub(crate) write_many: SqlStr,
    pub(crate) claim: SqlStr,
    pub(crate) delete: SqlStr,
    pub(crate) list: SqlStr,
}

impl Statements {
    pub(crate) fn new(table: &Table) -> Self {
        Self {
            read: shared(format!("select {RECORD} from {table} c where c.id = $1")),
            held: shared(format!("select c.position, c.epoch from {table} c where c.id = $1")),
            update: shared(update(table)),
            insert: shared(insert(table)),
            write_many: shared(write_many(table)),
            claim: shared(claim(table)),
            delete: shared(format!("delete from {table} c where c.id = $1")),
            list: shared(list(table)),
        }
    }
}

/// The only text that is put into a statement is the table's name, in quotes.
fn shared(sql: String) -> SqlStr {
    AssertSqlSafe(sql).into_sql_str().clone() // the clone is the one that others share
}

/// `Write::decide` as a condition on the record `held`. A negative number breaks the contract and is left as it is.
fn guard(
    held: &str,
    position: impl Display,
    epoch: impl Display,
    mode: impl Display,
    expected: impl Display,
) -> String {
    format!(
        "{held}.epoch between 0 and {epoch} and case {mode} \
         when 'advance' then {held}.position is null or {held}.position between 0 and {position} \
         when 'expect' then {held}.position is not distinct from {expected} \
         else {held}.position is null or {held}.position >= 0 end"
    )
}

/// $1 id, $2 position, $3 epoch, $4 state, $5 mode, $6 expected position.
fn update(table: &Table) -> String {
    let guard = guard("c", "$2", "$3", "$5", "$6");
    format!(
        "update {table} c set position = $2, epoch = $3, state = $4, updated_at = clock_timestamp() \
         where c.id = $1 and {guard}"
    )
}

/// Whoever inserts in a transaction shares the gate until its end, see `write_many`.
fn insert(table: &Table) -> String {
    let gate = gate(table);
    format!(
        "with gate as materialized (select pg_advisory_xact_lock_shared({gate})) \
         insert into {table} (id, position, epoch, state, updated_at) \
         select $1, $2, 0, $3, clock_timestamp() from gate on conflict (id) do nothing"
    )
}

fn gate(table: &Table) -> String {
    format!("{LOCKS}, {}::regclass::oid::integer", table.literal())
}

/// $1 ids, $2 positions, $3 epochs, $4 states, $5 modes, $6 expected positions. Answers, a row a write: its place in the
/// arrays, from 1; whether it was stored; whether there was no record; the position and the epoch of the record that it
/// was decided on, null where there was none or somebody else held it.
///
/// Why it never waits for anybody who waits for it, and never long:
/// - `locked` takes the newest committed version of each row that nobody else holds. It is what decides: the snapshot of the
///   statement may be older. Foreign keys on the id do not count as holding. It joins, as `= any ($1)` compares each row with
///   each id where the planner knows nothing of the table yet.
/// - An insert has to wait where another transaction has inserted the same id and is not at its end. So it inserts only
///   when it gets the gate for itself, which it does not wait for: then no transaction that inserted through this crate is
///   open. What others insert by themselves ends by itself.
fn write_many(table: &Table) -> String {
    let guard = guard("l", "i.position", "i.epoch", "i.mode", "i.expected");
    let gate = gate(table);
    format!(
        "with input as materialized (
           select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::text[], $6::bigint[])
             with ordinality as i (id, position, epoch, state, mode, expected, number)
         ),
         locked as materialized (
           select c.id, c.position, c.epoch from input i join {table} c on c.id = i.id
           order by c.id for no key update of c skip locked
         ),
         updated as (
           update {table} c
           set position = i.position, epoch = i.epoch, state = i.state, updated_at = clock_timestamp()
           from locked l join input i on i.id = l.id
           where c.id = l.id and {guard}
           returning i.number
         ),
         absent as materialized (
           select i.* from input i where not exists (select from {table} c where c.id = i.id)
         ),
         gate as materialized (
           select pg_try_advisory_xact_lock({gate}) as open where exists (select from absent where epoch = 0)
         ),
         inserted as (
           insert into {table} (id, position, epoch, state, updated_at)
           select a.id, a.position, 0, a.state, clock_timestamp() from absent a, gate
           where gate.open and a.epoch = 0 and (a.mode <> 'expect' or a.expected is null)
           order by a.id
           on conflict (id) do nothing
           returning id
         )
         select i.number, u.number is not null or n.id is not null, a.id is not null, l.position, l.epoch
         from input i
         left join locked l on l.id = i.id
         left join updated u on u.number = i.number
         left join absent a on a.number = i.number
         left join inserted n on n.id = i.id"
    )
}

/// $1 id, $2 owner, $3 the largest epoch that can be claimed.
fn claim(table: &Table) -> String {
    format!(
        "insert into {table} as c (id, epoch, owner, state, updated_at) values ($1, 1, $2, '', clock_timestamp()) \
         on conflict (id) do update set epoch = c.epoch + 1, owner = excluded.owner, updated_at = clock_timestamp() \
         where c.epoch between 0 and $3 and (c.position is null or c.position >= 0) \
         returning {RECORD}"
    )
}

/// $1 prefix, $2 what comes after all ids with it or null, $3 the id before or null, $4 limit.
fn list(table: &Table) -> String {
    format!(
        "select c.id, {RECORD} from {table} c \
         where c.id collate \"C\" >= $1 and ($2::text is null or c.id collate \"C\" < $2) \
         and ($3::text is null or c.id collate \"C\" > $3) \
         and ($1 <> '' or c.id not like '~%') \
         order by c.id collate \"C\" limit $4"
    )
}
