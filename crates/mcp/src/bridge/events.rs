//! Server-sent events, as far as this protocol uses them: the data of each event is a message.

use bytes::Bytes;

/// The largest event; as long as the longest line.
const LARGEST_EVENT: usize = 16 * 1024 * 1024;

/// An event was larger than [`LARGEST_EVENT`].
#[derive(Debug)]
pub(super) struct TooLarge;

/// Puts messages together from pieces of a stream.
#[derive(Default)]
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    /// The last byte was a carriage return, so a line feed now ends nothing.
    after_return: bool,
}

impl Events {
    /// Take the next piece; gives the messages that it completes.
    pub(super) fn feed(&mut self, piece: &Bytes) -> Result<Vec<Vec<u8>>, TooLarge> {
        let mut messages = Vec::new();
        let mut rest = &piece[..];
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, ending) = (&rest[..end], rest[end]);
            rest = &rest[end + 1..];
            if ending == b'\n' && self.after_return && text.is_empty() {
                self.after_return = false;
                continue;
            }
            self.after_return = ending == b'\r';
            self.line.extend_from_slice(text);
            self.end_line(&mut messages);
        }
        if !rest.is_empty() {
            self.after_return = false;
            self.line.extend_from_slice(rest);
        }
        if self.line.len() + self.data.len() > LARGEST_EVENT {
            return Err(TooLarge);
        }
        Ok(messages)
    }

    fn end_line(&mut self, messages: &mut Vec<Vec<u8>>) {
        if self.line.is_empty() {
            let data = std::mem::take(&mut self.data);
            // Events that only keep the stream alive, or say where to resume, have no data.
            if !data.iter().all(u8::is_ascii_whitespace) {
                messages.push(data);
            }
        } else if let Some(value) = self.line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                // A line break within JSON is white space; ours may not break the line.
                self.data.push(b' ');
            }
            self.data
                .extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let stream = b": hello\r\nid: 1\r\ndata: \r\n\r\ndata: {\"a\":\ndata: 1}\n\nevent: message\ndata:{\"b\":2}\r\r";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let mut seen = Vec::new();
            for piece in stream.chunks(size) {
                seen.extend(events.feed(&Bytes::copy_from_slice(piece)).unwrap());
            }
            let seen: Vec<_> = seen
                .iter()
                .map(|it| std::str::from_utf8(it).unwrap())
                .collect();
            assert_eq!(seen, ["{\"a\": 1}", "{\"b\":2}"], "pieces of {size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut events = Events::default();
        let piece = Bytes::from(vec![b'x'; LARGEST_EVENT + 1]);
        assert!(events.feed(&piece).is_err());
    }
}
