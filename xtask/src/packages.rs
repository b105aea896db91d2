use std::collections::BTreeMap;

use serde::Deserialize;

use crate::parts::cargo;

/// A crate of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    features: BTreeMap<String, Vec<String>>,
}

impl Package {
    /// All crates of the workspace, as cargo knows them.
    pub(crate) fn all() -> Vec<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            packages: Vec<Package>,
        }

        let output = cargo("metadata --no-deps --format-version 1").output().expect("cargo runs this program");
        let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo metadata speaks JSON");
        metadata.packages
    }

    /// The features, without `default`.
    pub(crate) fn features(&self) -> impl Iterator<Item = &str> {
        self.features.keys().map(String::as_str).filter(|feature| *feature != "default")
    }
}
