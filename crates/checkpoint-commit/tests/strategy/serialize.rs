use std::collections::BTreeMap;

use checkpoint_commit::strategy::{Strategy, every};

#[test]
fn it_is_its_text() {
    let json = serde_json::to_string(&Strategy::default()).unwrap();
    assert_eq!(json, "\"100 events or 5s\"");
    assert_eq!(serde_json::from_str::<Strategy>(&json).unwrap(), Strategy::default());
}

#[test]
fn text_that_is_not_borrowed_is_read_too() {
    let escaped = serde_json::from_str::<Strategy>("\"7\\u0020events\"").unwrap();
    assert_eq!(escaped, every(7));
    let value = serde_json::Value::from("7 events");
    assert_eq!(serde_json::from_value::<Strategy>(value).unwrap(), every(7));
}

#[test]
fn within_a_configuration() {
    let read: BTreeMap<String, Strategy> = serde_json::from_str(r#"{"store": "7 events"}"#).unwrap();
    assert_eq!(read["store"], every(7));
}

#[test]
fn what_is_wrong_is_said() {
    let refused = serde_json::from_str::<Strategy>("\"7 evnts\"").unwrap_err().to_string();
    assert!(refused.starts_with("the strategy \"7 evnts\" is not valid: at byte 2 with \"evnts\""), "{refused}");
    let refused = serde_json::from_str::<Strategy>("7").unwrap_err().to_string();
    assert!(refused.contains("expected a strategy as a string, such as \"100 events or 5s\""), "{refused}");
}
