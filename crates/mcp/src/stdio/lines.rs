//! Lines of bounded length from a byte stream. Safe to drop between any two polls.

use std::{io, mem};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

/// The longest message. As much as the protocol's clients take over HTTP.
pub(crate) const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// Read at once: what a pipe holds.
const BUFFER: usize = 64 * 1024;

/// What came.
#[derive(Debug)]
pub(crate) enum Line {
    /// Without its line end.
    Whole(Vec<u8>),
    /// Longer than [`LONGEST_LINE`]; the rest of it is skipped.
    TooLong,
    End,
    Broken(io::Error),
}

/// The reader and what it holds of an unfinished line.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    partial: Vec<u8>,
    /// The rest of a line that was too long is being thrown away.
    skipping: bool,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input: BufReader::with_capacity(BUFFER, input),
            partial: Vec::new(),
            skipping: false,
            ended: false,
        }
    }

    /// The next line. A last line without an end counts too.
    pub(crate) async fn next(&mut self) -> Line {
        loop {
            if self.ended {
                return Line::End;
            }
            let (taken, ended) = {
                let available = match self.input.fill_buf().await {
                    Ok(available) => available,
                    Err(error) => return Line::Broken(error),
                };
                if available.is_empty() {
                    self.ended = true;
                    if self.skipping || self.partial.is_empty() {
                        return Line::End;
                    }
                    return Line::Whole(mem::take(&mut self.partial));
                }
                let end = available.iter().position(|byte| *byte == b'\n');
                let text = &available[..end.unwrap_or(available.len())];
                if !self.skipping {
                    self.partial.extend_from_slice(text);
                }
                (end.map_or(available.len(), |end| end + 1), end.is_some())
            };
            self.input.consume(taken);
            if self.partial.len() > LONGEST_LINE {
                self.partial = Vec::new();
                self.skipping = !ended;
                return Line::TooLong;
            }
            if ended && !mem::take(&mut self.skipping) {
                return Line::Whole(mem::take(&mut self.partial));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(input: &[u8]) -> Vec<String> {
        let mut lines = Lines::new(input);
        let mut seen = Vec::new();
        loop {
            match lines.next().await {
                Line::Whole(line) => seen.push(String::from_utf8(line).unwrap()),
                Line::TooLong => seen.push("too long".to_owned()),
                Line::End => return seen,
                Line::Broken(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn lines_come_whole_and_the_last_needs_no_end() {
        assert_eq!(all(b"one\ntwo\n\nthree").await, ["one", "two", "", "three"]);
        assert!(all(b"").await.is_empty());
    }

    #[tokio::test]
    async fn a_line_too_long_is_told_once_and_the_next_one_is_read() {
        let mut input = vec![b'x'; LONGEST_LINE * 2];
        input.extend_from_slice(b"\nnext\n");
        assert_eq!(all(&input).await, ["too long", "next"]);
    }
}
