//! Fields of a form that are no plain text: moments, fractions, and files as data URIs.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::form::{Form, Patch};
use crate::world::clock::parse_iso8601;

/// A file inside a JSON body: `data:image/png;base64,…`.
pub(crate) struct Inline {
    /// Such as `image/png`.
    pub(crate) kind: String,
    pub(crate) bytes: Vec<u8>,
}

impl Inline {
    /// Reads a data URI; `None` for any other text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (head, data) = text.strip_prefix("data:")?.split_once(',')?;
        let kind = head.strip_suffix(";base64")?;
        let bytes = STANDARD.decode(data).ok()?;
        Some(Self {
            kind: kind.split(';').next().unwrap_or_default().to_owned(),
            bytes,
        })
    }

    /// 32 hexadecimal digits that name the contents, as Discord names images.
    pub(crate) fn hash(&self) -> String {
        let digest = |seed: u64| {
            self.bytes.iter().fold(seed, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
            })
        };
        format!(
            "{:016x}{:016x}",
            digest(0xcbf2_9ce4_8422_2325),
            digest(0x8422_2325_cbf2_9ce4)
        )
    }
}

impl Form<'_> {
    /// An ISO 8601 moment, in milliseconds since 1970.
    pub(crate) fn moment(&mut self, key: &str) -> Patch<u64> {
        match self.raw(key) {
            Patch::Absent => Patch::Absent,
            Patch::Null => Patch::Null,
            Patch::Value(value) => {
                if let Some(ms) = value.as_str().and_then(parse_iso8601) {
                    return Patch::Value(ms);
                }
                let message = format!("Could not parse {value}. Should be ISO8601.");
                self.error(key, "DATE_TIME_TYPE_PARSE", &message);
                Patch::Absent
            }
        }
    }

    /// A number that may have a fraction, within bounds.
    pub(crate) fn fraction(&mut self, key: &str, range: RangeInclusive<f64>) -> Patch<f64> {
        match self.raw(key) {
            Patch::Absent => Patch::Absent,
            Patch::Null => Patch::Null,
            Patch::Value(value) => {
                let (min, max) = (range.start(), range.end());
                match value.as_f64() {
                    Some(number) if range.contains(&number) => return Patch::Value(number),
                    Some(number) if number < *min => {
                        let message =
                            format!("float value should be greater than or equal to {min}.");
                        self.error(key, "NUMBER_TYPE_MIN", &message);
                    }
                    Some(_) => {
                        let message = format!("float value should be less than or equal to {max}.");
                        self.error(key, "NUMBER_TYPE_MAX", &message);
                    }
                    None => {
                        let message = format!("Value \"{value}\" is not float.");
                        self.error(key, "NUMBER_TYPE_COERCE", &message);
                    }
                }
                Patch::Absent
            }
        }
    }

    /// An image as a data URI, of at most `most` bytes.
    pub(crate) fn image(&mut self, key: &str, most: usize) -> Patch<Inline> {
        match self.raw(key) {
            Patch::Absent => Patch::Absent,
            Patch::Null => Patch::Null,
            Patch::Value(value) => {
                let file = value.as_str().and_then(Inline::parse);
                match file.filter(|file| file.kind.starts_with("image/")) {
                    Some(file) if file.bytes.len() <= most => return Patch::Value(file),
                    Some(_) => {
                        let message = format!("File cannot be larger than {most} bytes.");
                        self.error(key, "BINARY_TYPE_MAX_SIZE", &message);
                    }
                    None => self.error(key, "IMAGE_INVALID", "Invalid image data"),
                }
                Patch::Absent
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_data_uri_is_read_and_named_by_its_contents() {
        let file = Inline::parse("data:audio/ogg;base64,T2dnUw==").unwrap();
        assert_eq!(
            (file.kind.as_str(), file.bytes.as_slice()),
            ("audio/ogg", &b"OggS"[..])
        );
        assert_eq!(file.hash().len(), 32);
        assert!(Inline::parse("data:audio/ogg,plain").is_none());
        assert!(Inline::parse("https://example.test/a.ogg").is_none());
    }

    #[test]
    fn what_is_no_moment_no_fraction_and_no_image_is_named() {
        let body = json!({"at": "soon", "volume": 2, "cover": "data:text/plain;base64,"});
        let mut form = Form::new(&body);
        form.moment("at");
        form.fraction("volume", 0.0..=1.0);
        form.image("cover", 10);
        let errors = form.finish().unwrap_err().errors.unwrap();
        assert_eq!(errors["at"]["_errors"][0]["code"], "DATE_TIME_TYPE_PARSE");
        assert_eq!(errors["volume"]["_errors"][0]["code"], "NUMBER_TYPE_MAX");
        assert_eq!(errors["cover"]["_errors"][0]["code"], "IMAGE_INVALID");
    }
}
