//! What a sound file is and how long it plays, as far as its frames tell without decoding it.

/// Frames of an MP3 that are looked at; the longest sound has far fewer.
const MAX_FRAMES: usize = 20_000;

/// The type of the two formats that soundboards take.
pub(super) fn content_type(bytes: &[u8]) -> Option<&'static str> {
    let is_mp3 = bytes.starts_with(b"ID3") || frame_sync(bytes);
    if bytes.starts_with(b"OggS") {
        Some("audio/ogg")
    } else if is_mp3 {
        Some("audio/mpeg")
    } else {
        None
    }
}

/// How long a sound plays; `None` where the file does not tell.
pub(super) fn duration_ms(bytes: &[u8]) -> Option<u64> {
    if bytes.starts_with(b"OggS") {
        ogg_ms(bytes)
    } else {
        mp3_ms(bytes)
    }
}

fn frame_sync(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, second, ..] if second & 0xE0 == 0xE0)
}

/// The position in the last page, in samples of the rate in the first.
fn ogg_ms(bytes: &[u8]) -> Option<u64> {
    let rate = if find(bytes, b"OpusHead").is_some() {
        48_000
    } else {
        let head = find(bytes, b"\x01vorbis")?;
        let rate = bytes.get(head + 12..head + 16)?;
        u64::from(u32::from_le_bytes(rate.try_into().ok()?))
    };
    let last = bytes.windows(4).rposition(|window| window == b"OggS")?;
    let position = bytes.get(last + 6..last + 14)?;
    let samples = u64::from_le_bytes(position.try_into().ok()?);
    samples.checked_mul(1_000)?.checked_div(rate)
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

/// All frames together.
fn mp3_ms(bytes: &[u8]) -> Option<u64> {
    let mut at = after_tag(bytes);
    let mut micros = 0;
    for _ in 0..MAX_FRAMES {
        let Some((length, duration)) = bytes.get(at..).and_then(frame) else {
            break;
        };
        at += length;
        micros += duration;
    }
    (micros > 0).then_some(micros / 1_000)
}

/// Where the frames begin: behind an ID3 tag, whose length has seven bits in each byte.
fn after_tag(bytes: &[u8]) -> usize {
    match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            let part = |byte: u8| usize::from(byte & 0x7F);
            10 + (part(*a) << 21 | part(*b) << 14 | part(*c) << 7 | part(*d))
        }
        _ => 0,
    }
}

/// Length in bytes and duration in microseconds of the layer III frame that begins here.
fn frame(bytes: &[u8]) -> Option<(usize, u64)> {
    const KBITS_1: [u64; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const KBITS_2: [u64; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [_, second, third, ..] = *bytes else {
        return None;
    };
    if !frame_sync(bytes) || second & 0b110 != 0b010 {
        return None;
    }
    let (bitrates, divisor, samples) = match second >> 3 & 0b11 {
        0b11 => (KBITS_1, 1, 1_152),
        0b10 => (KBITS_2, 2, 576),
        0b00 => (KBITS_2, 4, 576),
        _ => return None,
    };
    let bitrate = *bitrates.get(usize::from(third >> 4))? * 1_000;
    let rate = *[44_100, 48_000, 32_000].get(usize::from(third >> 2 & 0b11))? / divisor;
    let padding = u64::from(third >> 1 & 1);
    let length = samples / 8 * bitrate / rate + padding;
    let length = usize::try_from(length).ok().filter(|length| *length > 4)?;
    Some((length, samples * 1_000_000 / rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Silent frames of 417 bytes: MPEG 1, 128 kbit/s, 44.1 kHz.
    fn mp3(frames: usize) -> Vec<u8> {
        let mut one = vec![0; 417];
        one[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x00]);
        one.repeat(frames)
    }

    #[test]
    fn an_mp3_is_as_long_as_its_frames() {
        assert_eq!(content_type(&mp3(1)), Some("audio/mpeg"));
        let second = duration_ms(&mp3(38)).unwrap();
        assert!((980..1_000).contains(&second), "{second}");
        let mut tagged = b"ID3\x03\x00\x00\x00\x00\x00\x05hello".to_vec();
        tagged.extend(mp3(38));
        assert_eq!(duration_ms(&tagged), Some(second));
    }

    #[test]
    fn an_ogg_ends_where_its_last_page_says() {
        let page = |samples: u64, rest: &[u8]| {
            let mut page = b"OggS\x00\x00".to_vec();
            page.extend(samples.to_le_bytes());
            page.extend([0; 12]);
            page.extend(rest);
            page
        };
        let mut opus = page(0, b"OpusHead");
        opus.extend(page(96_000, b""));
        assert_eq!(content_type(&opus), Some("audio/ogg"));
        assert_eq!(duration_ms(&opus), Some(2_000));
    }

    proptest::proptest! {
        #[test]
        fn no_file_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            for head in [&b"OggS"[..], b"ID3", b"\xFF\xFB\x90", b"OggSOpusHead", b"OggS\x01vorbis"] {
                let file = [head, &bytes].concat();
                let _ = (content_type(&file), duration_ms(&file));
            }
        }
    }
}
