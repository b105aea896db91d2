use std::time::Duration;

use checkpoint_core::Operation;

/// What a store promises beyond `read`, `write` and `write_many`, and what its cases may cost.
///
/// ```
/// use checkpoint_core::Operation;
/// use checkpoint_testkit::Profile;
///
/// let postgres = Profile::new()
///     .durable()
///     .shared()
///     .supporting([Operation::Claim, Operation::Delete, Operation::List])
///     .over_network();
/// # let _ = postgres;
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) durable: bool,
    pub(crate) shared: bool,
    pub(crate) supported: Vec<Operation>,
    pub(crate) updated_at: bool,
    histories: u32,
    pub(crate) racing_calls: usize,
    pub(crate) deadline: Duration,
}

impl Profile {
    /// A store in the process of the tests that promises nothing beyond the contract of `read`, `write` and
    /// `write_many`: it forgets when it is dropped, and two openings know nothing of one another.
    pub fn new() -> Self {
        Self {
            durable: false,
            shared: false,
            supported: Vec::new(),
            updated_at: true,
            histories: 2_000,
            racing_calls: 2_000,
            deadline: Duration::from_mins(5),
        }
    }

    /// Opening the same place again, after every opening before was dropped, shows the same records.
    #[must_use]
    pub fn durable(self) -> Self {
        Self { durable: true, ..self }
    }

    /// Two openings of the same place see one another at once.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { shared: true, ..self }
    }

    /// The store has these calls, of `claim`, `delete` and `list`. The others must answer
    /// [`Unsupported`](checkpoint_core::ErrorKind::Unsupported).
    #[must_use]
    pub fn supporting(self, operations: impl IntoIterator<Item = Operation>) -> Self {
        Self { supported: operations.into_iter().collect(), ..self }
    }

    /// The store does not know when a record was changed: `updated_at` may be `None`.
    #[must_use]
    pub fn without_updated_at(self) -> Self {
        Self { updated_at: false, ..self }
    }

    /// Every call goes to a server and takes milliseconds: 100 histories and about 200 calls a race instead of 2,000
    /// each.
    #[must_use]
    pub fn over_network(self) -> Self {
        Self { histories: 100, racing_calls: 200, ..self }
    }

    /// How many random histories are compared with the contract. The environment variable
    /// `CHECKPOINT_TESTKIT_HISTORIES` overrides it.
    #[must_use]
    pub fn with_histories(self, histories: u32) -> Self {
        Self { histories, ..self }
    }

    /// How long one case may take, 5 minutes if nothing is said: a case that takes longer has failed, as a call hangs.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    pub(crate) fn supports(&self, operation: Operation) -> bool {
        self.supported.contains(&operation)
    }

    pub(crate) fn histories(&self) -> u32 {
        const VARIABLE: &str = "CHECKPOINT_TESTKIT_HISTORIES";
        match std::env::var(VARIABLE) {
            Ok(histories) => histories.parse().unwrap_or_else(|_| panic!("{VARIABLE} must be a number: {histories:?}")),
            Err(_) => self.histories,
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::new()
    }
}
