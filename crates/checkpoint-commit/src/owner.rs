//! Who we are, in a record.

/// `host:pid`, a label for people of who has claimed a checkpoint.
pub fn process_owner() -> String {
    let system = rustix::system::uname();
    let host = system.nodename().to_string_lossy();
    // a store refuses a label with others
    let host: String = host.chars().filter(|c| !c.is_control()).collect();
    format!("{host}:{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use checkpoint_core::Record;

    use super::*;

    #[test]
    fn it_is_an_allowed_label() {
        assert!(Record::check_owner(&process_owner()).is_ok());
        assert!(process_owner().ends_with(&format!(":{}", std::process::id())));
    }
}
