//! The colours of roles, made readable on the light and on the dark page.

use std::fmt::Write as _;

use crate::snowflake::Snowflake;

/// The backgrounds that names stand on; `base.css` has the same.
const LIGHT: u32 = 0x00fb_f9f5;
const DARK: u32 = 0x001b_1d22;
/// WCAG 2.2 for text of this size.
const CONTRAST: f64 = 4.6;
/// Steps towards black or white.
const STEPS: u32 = 20;

/// A class `r{id}` for each role.
pub(in super::super) fn style_sheet(colours: &[(Snowflake, u32)]) -> String {
    let mut light = String::new();
    let mut dark = String::new();
    for (role, colour) in colours {
        // Writing into a string cannot fail.
        let _ = writeln!(light, ".r{role}{{color:#{:06x}}}", readable(*colour, LIGHT));
        let _ = writeln!(dark, ".r{role}{{color:#{:06x}}}", readable(*colour, DARK));
    }
    format!("{light}@media (prefers-color-scheme: dark){{\n{dark}}}\n")
}

/// Changes when the style sheet does, so that browsers fetch it anew.
pub(in super::super) fn version(colours: &[(Snowflake, u32)]) -> u64 {
    colours
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, (role, colour)| {
            (hash ^ role.0 ^ u64::from(*colour).rotate_left(40)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The colour itself, or as far towards black or white as it takes to be read.
fn readable(colour: u32, background: u32) -> u32 {
    let colour = colour & 0x00ff_ffff;
    let target = if luminance(background) > 0.5 {
        0
    } else {
        0x00ff_ffff
    };
    (0..=STEPS)
        .map(|step| mixed(colour, target, step))
        .find(|mixed| contrast(*mixed, background) >= CONTRAST)
        .unwrap_or(target)
}

fn mixed(from: u32, to: u32, step: u32) -> u32 {
    let channel = |shift: u32| {
        let (from, to) = (from >> shift & 255, to >> shift & 255);
        ((from * (STEPS - step) + to * step) / STEPS) << shift
    };
    channel(16) | channel(8) | channel(0)
}

fn contrast(one: u32, other: u32) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: u32) -> f64 {
    let part = |shift: u32| {
        let value = f64::from(colour >> shift & 255) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_can_be_read_on_both_pages() {
        for colour in [
            0x00ff_ff00,
            0x0000_0001,
            0x00ff_ffff,
            0x002e_cc71,
            0x0034_98db,
            0x0080_8080,
        ] {
            for background in [LIGHT, DARK] {
                assert!(contrast(readable(colour, background), background) >= CONTRAST);
            }
        }
        assert_eq!(readable(0x0034_98db, DARK), 0x0034_98db);
    }

    #[test]
    fn a_sheet_has_a_class_for_each_role() {
        let sheet = style_sheet(&[(Snowflake(5), 0x00ff_0000)]);
        assert_eq!(sheet.matches(".r5{color:#").count(), 2);
    }
}
