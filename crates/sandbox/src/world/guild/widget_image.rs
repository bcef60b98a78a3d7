//! The widget as a picture: a PNG that is drawn here, with the number of those who are online.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use crate::snowflake::Snowflake;
use crate::world::{Answer, Refusal, World};

/// Discord's five styles with the sizes at which they are drawn.
const STYLES: &[(&str, usize, usize)] = &[
    ("shield", 130, 20),
    ("banner1", 320, 76),
    ("banner2", 320, 76),
    ("banner3", 320, 120),
    ("banner4", 320, 260),
];

type Colour = [u8; 3];

const DARK: Colour = [0x2b, 0x2d, 0x31];
const BLURPLE: Colour = [0x58, 0x65, 0xf2];
const WHITE: Colour = [0xff, 0xff, 0xff];
const GREEN: Colour = [0x23, 0xa5, 0x59];

/// Letters of three by five dots, a row in three bits, from the top.
const FONT: &[(char, [u8; 5])] = &[
    ('0', [7, 5, 5, 5, 7]),
    ('1', [2, 6, 2, 2, 7]),
    ('2', [7, 1, 7, 4, 7]),
    ('3', [7, 1, 7, 1, 7]),
    ('4', [5, 5, 7, 1, 1]),
    ('5', [7, 4, 7, 1, 7]),
    ('6', [7, 4, 7, 5, 7]),
    ('7', [7, 1, 1, 2, 2]),
    ('8', [7, 5, 7, 5, 7]),
    ('9', [7, 5, 7, 1, 7]),
    ('E', [7, 4, 6, 4, 7]),
    ('I', [7, 2, 2, 2, 7]),
    ('L', [4, 4, 4, 4, 7]),
    ('N', [5, 7, 7, 7, 5]),
    ('O', [7, 5, 5, 5, 7]),
];

impl World {
    /// The picture of a guild's widget in a style, `shield` if none is named.
    pub fn widget_image(&self, guild: Snowflake, style: Option<&str>) -> Answer<Vec<u8>> {
        self.guild(guild)?;
        let style = style.unwrap_or("shield");
        let known = STYLES.iter().find(|(name, ..)| *name == style);
        let Some((_, width, height)) = known else {
            let names: Vec<_> = STYLES.iter().map(|(name, ..)| *name).collect();
            let message = format!("Value must be one of {{{}}}.", names.join(", "));
            return Err(Refusal::field("style", "BASE_TYPE_CHOICES", &message));
        };
        self.require_widget(guild)?;
        let (_, online) = self.counts(guild);
        let mut picture = Picture::new(*width, *height);
        picture.draw(style, online);
        Ok(picture.png())
    }
}

/// Rows of pixels.
struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Picture {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![DARK; width * height],
        }
    }

    /// A coloured end or head, a green dot, and the count.
    fn draw(&mut self, style: &str, online: usize) {
        let (width, height) = (self.width, self.height);
        let text = format!("{online} ONLINE");
        match style {
            "shield" => {
                self.fill(0, 0, 22, height, BLURPLE);
                self.fill(7, 6, 8, 8, WHITE);
                self.fill(28, 8, 5, 5, GREEN);
                self.write(38, 5, 2, &text);
            }
            "banner4" => {
                self.fill(0, 0, width, 100, BLURPLE);
                self.fill(136, 26, 48, 48, WHITE);
                self.fill(60, 140, 10, 10, GREEN);
                self.write(80, 138, 3, &text);
                self.fill(40, 200, width - 80, 36, GREEN);
            }
            _ => {
                self.fill(0, 0, 76.min(width), height, BLURPLE);
                self.fill(20, 20, 36, 36, WHITE);
                self.fill(96, 34, 10, 10, GREEN);
                self.write(116, 31, 3, &text);
            }
        }
    }

    fn fill(&mut self, left: usize, top: usize, width: usize, height: usize, colour: Colour) {
        for y in top..(top + height).min(self.height) {
            for x in left..(left + width).min(self.width) {
                self.pixels[y * self.width + x] = colour;
            }
        }
    }

    fn write(&mut self, left: usize, top: usize, scale: usize, text: &str) {
        for (at, letter) in text.chars().enumerate() {
            let Some((_, rows)) = FONT.iter().find(|(known, _)| *known == letter) else {
                continue;
            };
            for (y, row) in rows.iter().enumerate() {
                for x in (0..3).filter(|x| row >> (2 - x) & 1 == 1) {
                    let (x, y) = (left + (at * 4 + x) * scale, top + y * scale);
                    self.fill(x, y, scale, scale, WHITE);
                }
            }
        }
    }

    /// Signature, header, one chunk of compressed rows, end.
    fn png(&self) -> Vec<u8> {
        let mut rows = Vec::with_capacity(self.height * (1 + self.width * 3));
        for row in self.pixels.chunks(self.width) {
            rows.push(0);
            rows.extend(row.iter().flatten());
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        // Writing to a vector cannot fail.
        let _ = encoder.write_all(&rows);
        let data = encoder.finish().unwrap_or_default();
        let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes();
        let mut header = [number(self.width), number(self.height)].concat();
        header.extend([8, 2, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [
            (b"IHDR", header.as_slice()),
            (b"IDAT", data.as_slice()),
            (b"IEND", &[]),
        ] {
            let mut check = Crc::new();
            check.update(kind);
            check.update(data);
            file.extend(number(data.len()));
            file.extend(kind);
            file.extend(data);
            file.extend(check.sum().to_be_bytes());
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_style_is_a_picture_of_its_size() {
        for (style, width, height) in STYLES {
            let mut picture = Picture::new(*width, *height);
            picture.draw(style, 1_234_567);
            let file = picture.png();
            assert!(file.starts_with(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"));
            let length = u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize;
            let mut rows = Vec::new();
            flate2::read::ZlibDecoder::new(&file[41..41 + length])
                .read_to_end(&mut rows)
                .unwrap();
            assert_eq!(rows.len(), height * (1 + width * 3));
            assert!(picture.pixels.contains(&GREEN), "{style}");
        }
    }
}
