use super::cursor::Cursor;

/// Why a text is not a [`Strategy`](super::Strategy): the place, what was expected there, and a text that is one.
///
/// ```
/// use checkpoint_commit::strategy::Strategy;
///
/// let refused = "100 events or".parse::<Strategy>().unwrap_err();
/// assert_eq!(refused.offset(), 13);
/// assert_eq!(
///     refused.to_string(),
///     "the strategy \"100 events or\" is not valid: at its end, expected a number above zero, `always`, `manual`, \
///      `at most` or `(`; write for example \"100 events or 5s\""
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the strategy {text:?} is not valid: {}, expected {expected}; write for example {example:?}", self.place())]
pub struct InvalidStrategy {
    text: String,
    offset: usize,
    expected: &'static str,
    example: &'static str,
}

impl InvalidStrategy {
    pub(super) fn new(text: &str, fault: Fault) -> Self {
        let Fault { offset, expected, example } = fault;
        Self { text: text.to_owned(), offset, expected, example }
    }

    /// Where the text is wrong, in bytes; its length where it ends too early.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn place(&self) -> String {
        match Cursor::new(&self.text, self.offset).token() {
            "" => "at its end".to_owned(),
            found => format!("at byte {} with {found:?}", self.offset),
        }
    }
}

/// What a part of the parser refuses. Its caller adds the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) expected: &'static str,
    pub(super) example: &'static str,
}
