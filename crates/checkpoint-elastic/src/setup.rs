use std::collections::HashMap;

use checkpoint_core::{Applied, Error, ErrorKind, Operation, Result};
use elasticsearch::http::StatusCode;
use elasticsearch::indices::{IndicesCreateParts, IndicesGetParts, IndicesPutAliasParts, IndicesPutMappingParts};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::layout::{Step, missing_fields, new_index};
use crate::list::refresh;
use crate::names::Names;
use crate::read::nothing_changed;
use crate::store::{ElasticStore, during};

/// How often it is looked what is missing: others may create at the same time.
const ROUNDS: usize = 10;

const EXISTS: &str = "resource_already_exists_exception";

/// Settings that keep writes away.
const BLOCKS: [&str; 5] = [
    "index.blocks.read_only",
    "index.blocks.read_only_allow_delete",
    "index.blocks.read",
    "index.blocks.write",
    "index.blocks.metadata",
];

/// What the server says of an index.
#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    aliases: HashMap<String, Value>,
    #[serde(default)]
    mappings: Mappings,
    #[serde(default)]
    settings: HashMap<String, Value>,
}

#[derive(Default, Deserialize)]
struct Mappings {
    #[serde(default)]
    properties: Map<String, Value>,
}

impl Index {
    fn is_set(&self, setting: &str, value: &str) -> bool {
        self.settings.get(setting).is_some_and(|set| set == value)
    }
}

impl ElasticStore {
    /// Creates what is missing: the index with its mapping and alias. To an index that is there, such as one of Eventuous, it
    /// adds the fields and the alias that are missing; what is there keeps its mapping, and documents that lists would
    /// not show are written again as they are. Safe to call at every start, by any number of processes at once.
    ///
    /// Needs the privileges `create_index`, `manage` and `write` on the index and its alias. Settings are left as they are.
    ///
    /// # Errors
    ///
    /// [`Denied`](ErrorKind::Denied) where a privilege is missing, [`Invalid`](ErrorKind::Invalid) where the name stands for several
    /// indices or the mapping cannot be extended.
    pub async fn migrate(&self) -> Result<()> {
        self.create_what_is_missing().await.map_err(during(Operation::Migrate))
    }

    /// Checks that everything is there that this store needs, and that the index takes writes and syncs them before it
    /// answers. Changes nothing.
    ///
    /// Needs the privileges `view_index_metadata` and `read` on the index.
    ///
    /// # Errors
    ///
    /// [`NotReady`](ErrorKind::NotReady) names all that is missing, each with the exact request that mends it.
    pub async fn verify(&self) -> Result<()> {
        let (names, missing) = self.missing().await.map_err(nothing_changed).map_err(during(Operation::Verify))?;
        if missing.is_empty() {
            return Ok(());
        }
        let advice: Vec<_> = missing.iter().map(|step| step.advice(&names)).collect();
        let message = format!("the index {:?} is not set up: {}", self.names.index, advice.join("; "));
        Err(during(Operation::Verify)(Error::new(ErrorKind::NotReady, message)))
    }

    async fn create_what_is_missing(&self) -> Result<()> {
        for _ in 0..ROUNDS {
            let (names, mut steps) = self.missing().await?;
            steps.retain(Step::creates);
            if steps.is_empty() {
                return Ok(());
            }
            for step in steps {
                self.make(&names, step).await?;
            }
        }
        let message = "somebody deletes what is created; see who, and try again";
        Err(Error::new(ErrorKind::Unavailable, message).with_applied(Applied::Unknown))
    }

    /// What is missing, in the order in which it is to be made, and the names to make it with: where ours is an alias, those
    /// of its index. The alias for writes comes last: where it is, all was made.
    async fn missing(&self) -> Result<(Names, Vec<Step>)> {
        let Some((name, index)) = self.describe().await? else {
            return Ok((self.names.clone(), vec![Step::CreateIndex]));
        };
        let mut missing = Vec::new();
        let fields = missing_fields(&index.mappings.properties);
        if !fields.is_empty() {
            missing.push(Step::AddFields(fields));
        }
        if !index.aliases.contains_key(&self.names.alias) {
            let unlisted = self.unlisted().await?;
            missing.extend((unlisted > 0).then_some(Step::IndexDocuments(unlisted)));
            missing.push(Step::AddAlias);
        }
        let blocks = BLOCKS.into_iter().filter(|block| index.is_set(block, "true"));
        missing.extend(blocks.map(|block| Step::Unblock(block.to_owned())));
        missing.extend(index.is_set("index.translog.durability", "async").then_some(Step::SyncTranslog));
        Ok((Names { index: name, alias: self.names.alias.clone() }, missing))
    }

    async fn make(&self, names: &Names, step: Step) -> Result<()> {
        let indices = self.client.indices();
        let (index, alias) = (names.index.as_str(), names.alias.as_str());
        let sent = match step {
            Step::CreateIndex => indices.create(IndicesCreateParts::Index(index)).body(new_index(names)).send().await,
            Step::AddFields(fields) => {
                let body = json!({ "properties": fields });
                indices.put_mapping(IndicesPutMappingParts::Index(&[index])).body(body).send().await
            }
            Step::AddAlias => {
                // the count of them missed what no search has seen yet
                self.index_documents().await?;
                indices.put_alias(IndicesPutAliasParts::IndexName(&[index], alias)).send().await
            }
            Step::IndexDocuments(_) | Step::Unblock(_) | Step::SyncTranslog => return Ok(()),
        };
        let answer = Answer::of(sent).await?;
        match answer.content::<Value>() {
            Err(_) if answer.refused_as(EXISTS) => Ok(()), // somebody was quicker
            answer => answer.map(drop),
        }
    }

    /// The index and its own name, if there is one.
    async fn describe(&self) -> Result<Option<(String, Index)>> {
        let parts = IndicesGetParts::Index(&[&self.names.index]);
        let answer = Answer::of(self.client.indices().get(parts).flat_settings(true).send().await).await?;
        if answer.is(StatusCode::NOT_FOUND) && answer.refused_as("index_not_found_exception") {
            return Ok(None);
        }
        let indices: HashMap<String, Index> = answer.content()?;
        let count = indices.len();
        let only = indices.into_iter().next().filter(|_| count == 1).map(Some);
        only.ok_or_else(|| {
            let message = format!("{:?} stands for {count} indices; name one", self.names.index);
            Error::new(ErrorKind::Invalid, message)
        })
    }

    pub(crate) async fn refresh(&self) -> Result<()> {
        refresh(&self.client, &self.names.index).await
    }
}
