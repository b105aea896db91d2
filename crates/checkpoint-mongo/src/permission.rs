//! What a user needs to be allowed.

use mongodb::bson::{Bson, Document};

/// What the store does in its collection.
const ACTIONS: [&str; 4] = ["find", "insert", "remove", "update"];

/// The actions that the user of `connectionStatus` may not do in the collection. None where the server asks nobody who he
/// is, or does not tell.
pub(crate) fn missing(status: &Document, database: &str, collection: &str) -> Vec<&'static str> {
    let Ok(who) = status.get_document("authInfo") else {
        return Vec::new();
    };
    let anonymous = who.get_array("authenticatedUsers").map_or(true, Vec::is_empty);
    let Ok(privileges) = who.get_array("authenticatedUserPrivileges") else {
        return Vec::new();
    };
    if anonymous {
        return Vec::new();
    }
    let applying: Vec<_> = privileges
        .iter()
        .filter_map(Bson::as_document)
        .filter(|privilege| privilege.get_document("resource").is_ok_and(|of| covers(of, database, collection)))
        .filter_map(|privilege| privilege.get_array("actions").ok())
        .flatten()
        .filter_map(Bson::as_str)
        .collect();
    ACTIONS.into_iter().filter(|action| !applying.contains(&"anyAction") && !applying.contains(action)).collect()
}

/// An empty name stands for every one.
fn covers(resource: &Document, database: &str, collection: &str) -> bool {
    let is = |field, name: &str| resource.get_str(field).is_ok_and(|covered| covered.is_empty() || covered == name);
    resource.get_bool("anyResource").is_ok_and(|any| any) || (is("db", database) && is("collection", collection))
}

/// How an administrator grants them.
pub(crate) fn grant(database: &str) -> String {
    format!("grant them: db.grantRolesToUser(USER, [{{role: \"readWrite\", db: {database:?}}}])")
}

#[cfg(test)]
mod tests {
    use mongodb::bson::doc;

    use super::*;

    fn status(resource: Document, actions: &[&str]) -> Document {
        doc! { "ok": 1.0, "authInfo": {
            "authenticatedUsers": [{ "user": "app", "db": "admin" }],
            "authenticatedUserRoles": [],
            "authenticatedUserPrivileges": [
                { "resource": { "db": "other", "collection": "" }, "actions": ACTIONS.to_vec() },
                { "resource": { "cluster": true }, "actions": ["listDatabases"] },
                { "resource": resource, "actions": actions.to_vec() },
            ],
        } }
    }

    #[test]
    fn what_is_missing_is_named() {
        let resource = doc! { "db": "app", "collection": "checkpoint" };
        let reading = status(resource.clone(), &["find", "listIndexes"]);
        assert_eq!(missing(&reading, "app", "checkpoint"), ["insert", "remove", "update"]);
        assert_eq!(missing(&status(resource, &ACTIONS), "app", "elsewhere"), ACTIONS);
    }

    #[test]
    fn a_wider_privilege_is_enough() {
        for resource in [
            doc! { "db": "app", "collection": "checkpoint" },
            doc! { "db": "app", "collection": "" },
            doc! { "db": "", "collection": "" },
            doc! { "anyResource": true },
        ] {
            assert!(missing(&status(resource.clone(), &ACTIONS), "app", "checkpoint").is_empty(), "{resource}");
        }
        let root = status(doc! { "anyResource": true }, &["anyAction"]);
        assert!(missing(&root, "app", "checkpoint").is_empty());
    }

    #[test]
    fn a_server_without_users_allows_everything() {
        let open = doc! { "authInfo": { "authenticatedUsers": [], "authenticatedUserPrivileges": [] } };
        assert!(missing(&open, "app", "checkpoint").is_empty());
        assert!(missing(&doc! { "ok": 1.0 }, "app", "checkpoint").is_empty());
    }
}
