/// A place in a text, always at the beginning of a token or at the end.
///
/// A token is a run of digits and dots, a run of letters, or any other single character that is not white space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// At the first token from `offset` on.
    pub(super) fn new(text: &'a str, offset: usize) -> Self {
        let space = text[offset..].len() - text[offset..].trim_start().len();
        Self { text, offset: offset + space }
    }

    pub(super) fn offset(self) -> usize {
        self.offset
    }

    /// The token here; empty at the end of the text.
    pub(super) fn token(self) -> &'a str {
        let rest = &self.text[self.offset..];
        let Some(first) = rest.chars().next() else { return "" };
        let end = if is_numeric(first) {
            rest.find(|next| !is_numeric(next))
        } else if first.is_alphabetic() {
            rest.find(|next: char| !next.is_alphabetic())
        } else {
            Some(first.len_utf8())
        };
        &rest[..end.unwrap_or(rest.len())]
    }

    pub(super) fn is_at_number(self) -> bool {
        self.token().starts_with(is_numeric)
    }

    pub(super) fn step(&mut self) {
        *self = Self::new(self.text, self.offset + self.token().len());
    }

    /// Steps over `token`, if it is here.
    pub(super) fn accept(&mut self, token: &str) -> bool {
        let here = self.token() == token;
        if here {
            self.step();
        }
        here
    }

    /// What has been stepped over since `start`.
    pub(super) fn since(self, start: Self) -> &'a str {
        self.text[start.offset..self.offset].trim_end()
    }
}

fn is_numeric(character: char) -> bool {
    character.is_ascii_digit() || character == '.'
}
