//! A read model that counts every event just once: delays per carrier, from a file of flights.
//!
//! The table of delays and the checkpoint are changed in one transaction. Kill it whenever you like and start it again: the
//! totals are exact. Start it twice: the second one takes over, and the first one stops.
//!
//! ```sh
//! cargo run -p checkpoint-postgres --example read_model -- postgres://localhost/test examples/flights.jsonl
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Outcome, Write};
use checkpoint_postgres::PostgresStore;
use checkpoint_postgres::sqlx::{self, PgConnection};
use serde::Deserialize;

#[derive(Deserialize)]
struct Flight {
    carrier: String,
    /// None where the flight was cancelled.
    departure_delay_minutes: Option<i64>,
}

/// So many flights are one transaction.
const BATCH: usize = 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: read_model URL FILE".into());
    };
    project(&url, &file).await
}

/// Reads the flights that are new in the file; a flight's position is its line, from 0.
pub(crate) async fn project(url: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let store = PostgresStore::connect(url).await?;
    store.migrate().await?;
    sqlx::raw_sql("create table if not exists delays (carrier text primary key, flights bigint, minutes bigint)")
        .execute(store.pool())
        .await?;

    let owner = format!("read_model:{}", std::process::id());
    let claimed = store.claim(&CheckpointId::new("delays")?, &owner).await?;
    let handled = claimed.checkpoint.position.map_or(0, |last| last + 1);
    let mut write = Write::advance(claimed.checkpoint).with_epoch(claimed.epoch);
    let lines = BufReader::new(File::open(file)?).lines().enumerate().skip(usize::try_from(handled)?);
    let lines: Vec<_> = lines.map(|(number, line)| line.map(|line| (number, line))).collect::<Result<_, _>>()?;

    for batch in lines.chunks(BATCH) {
        let mut transaction = store.pool().begin().await?;
        for (_, line) in batch {
            count(&mut transaction, &serde_json::from_str(line)?).await?;
        }
        let last = batch.last().map(|(number, _)| u64::try_from(*number)).transpose()?;
        write.checkpoint = Checkpoint::new(write.checkpoint.id, last);
        match store.write_in(&mut transaction, &write).await? {
            Outcome::Stored => transaction.commit().await?,
            // Dropping the transaction rolls it back: these flights are counted by whoever took over.
            lost => return Err(format!("another one has taken over: {lost:?}").into()),
        }
    }
    Ok(())
}

async fn count(connection: &mut PgConnection, flight: &Flight) -> Result<(), sqlx::Error> {
    let sql = "insert into delays values ($1, 1, $2) on conflict (carrier) \
               do update set flights = delays.flights + 1, minutes = delays.minutes + excluded.minutes";
    let minutes = flight.departure_delay_minutes.unwrap_or(0);
    sqlx::query(sql).bind(&flight.carrier).bind(minutes).execute(connection).await.map(drop)
}
