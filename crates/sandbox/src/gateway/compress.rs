//! Transport compression: one context for the life of a connection, flushed after every frame
//! (Discord: Gateway › Transport Compression); and the compression of single frames.

use std::io::{self, Write};

use axum::extract::ws::{Message, Utf8Bytes};
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A fast level; the sandbox's peers are close by.
const ZSTD_LEVEL: i32 = 1;

/// Turns frames into websocket messages.
pub(crate) enum Encoder {
    /// Text messages.
    Plain,
    /// `compress=zlib-stream`: binary messages that end in `00 00 FF FF`.
    Zlib(Box<ZlibEncoder<Vec<u8>>>),
    /// `compress=zstd-stream`: binary messages, one zstd frame for the whole connection.
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Encoder {
    /// The encoder that `?compress=` names. `None` for a name that Discord does not know.
    pub(crate) fn named(compress: Option<&str>) -> Option<Self> {
        match compress {
            None | Some("") => Some(Self::Plain),
            Some("zlib-stream") => Some(Self::Zlib(Box::new(ZlibEncoder::new(
                Vec::new(),
                Compression::fast(),
            )))),
            Some("zstd-stream") => {
                let encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL).ok()?;
                Some(Self::Zstd(Box::new(encoder)))
            }
            Some(_) => None,
        }
    }

    /// Encodes one frame.
    pub(crate) fn encode(&mut self, text: Utf8Bytes) -> io::Result<Message> {
        let bytes = match self {
            Self::Plain => return Ok(Message::Text(text)),
            Self::Zlib(encoder) => {
                encoder.write_all(text.as_bytes())?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
            Self::Zstd(encoder) => {
                encoder.write_all(text.as_bytes())?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut())
            }
        };
        Ok(Message::Binary(bytes.into()))
    }
}

/// One frame compressed by itself, for clients that asked for it in IDENTIFY (Discord: Gateway ›
/// Payload Compression).
pub(crate) fn packed(text: &str) -> io::Result<Message> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    Ok(Message::Binary(encoder.finish()?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(message: Message) -> Vec<u8> {
        match message {
            Message::Binary(bytes) => bytes.to_vec(),
            other => panic!("expected a binary message, got {other:?}"),
        }
    }

    #[test]
    fn zlib_messages_end_in_the_sync_marker_and_share_one_context() {
        let mut encoder = Encoder::named(Some("zlib-stream")).unwrap();
        let mut decoder = flate2::write::ZlibDecoder::new(Vec::new());
        for text in ["{\"op\":10}", "{\"op\":11}"] {
            let bytes = binary(encoder.encode(text.into()).unwrap());
            assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]));
            decoder.write_all(&bytes).unwrap();
            decoder.flush().unwrap();
            assert_eq!(std::mem::take(decoder.get_mut()), text.as_bytes());
        }
    }

    #[test]
    fn zstd_messages_can_each_be_read_when_they_arrive() {
        let mut encoder = Encoder::named(Some("zstd-stream")).unwrap();
        let mut decoder = zstd::stream::write::Decoder::new(Vec::new()).unwrap();
        for text in ["{\"op\":10}", "{\"op\":11}"] {
            let bytes = binary(encoder.encode(text.into()).unwrap());
            decoder.write_all(&bytes).unwrap();
            decoder.flush().unwrap();
            assert_eq!(std::mem::take(decoder.get_mut()), text.as_bytes());
        }
    }

    #[test]
    fn an_unknown_compression_is_refused() {
        assert!(Encoder::named(Some("lz4")).is_none());
    }
}
