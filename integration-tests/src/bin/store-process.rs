//! A file store in a process of its own: takes calls from standard input, and answers on standard output.

use std::io::Write as _;

use checkpoint::{CheckpointStore, FileStore, Record, Result, Write};
use integration_tests::wire::{Answer, Call, Numbered, WireRecord, WireWrite, id};
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() -> Result<()> {
    let directory = std::env::args_os().nth(1).expect("a directory is given");
    let store = FileStore::open(directory).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Numbered { number, content } = serde_json::from_str(&line).expect("a call");
        let store = store.clone();
        tokio::spawn(async move {
            let content = answer(&store, content).await.unwrap_or_else(Answer::from);
            let mut line = serde_json::to_vec(&Numbered { number, content }).expect("answers have a JSON form");
            line.push(b'\n');
            // Nobody listens any more where it fails: then the next read of a call ends the process.
            let _ = std::io::stdout().write_all(&line);
        });
    }
    Ok(())
}

async fn answer(store: &FileStore, call: Call) -> Result<Answer> {
    Ok(match call {
        Call::Claim { id: name, owner } => Answer::Records(vec![store.claim(&id(&name), &owner).await?.into()]),
        Call::Delete { id: name } => Answer::Deleted(store.delete(&id(&name)).await?),
        Call::List { prefix, after, limit } => {
            Answer::Records(wire(store.list(&prefix, after.as_deref().map(id).as_ref(), limit).await?))
        }
        Call::Read { id: name } => Answer::Records(wire(store.read(&id(&name)).await?)),
        Call::Write { write } => Answer::Outcomes(vec![store.write(&write.into()).await?.into()]),
        Call::WriteMany { writes } => {
            let writes: Vec<_> = writes.into_iter().map(WireWrite::into).collect::<Vec<Write>>();
            Answer::Outcomes(store.write_many(&writes).await?.into_iter().map(Into::into).collect())
        }
    })
}

fn wire(records: impl IntoIterator<Item = Record>) -> Vec<WireRecord> {
    records.into_iter().map(WireRecord::from).collect()
}
