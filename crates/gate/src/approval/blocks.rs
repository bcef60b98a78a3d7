//! Words of others in an embed: in blocks in which Discord renders nothing, with room for what counts.

/// Characters of a block. Discord's limit for a field is 1,024.
/// Source: Discord documentation, *Message › Embed Limits*.
pub(super) const BLOCK: usize = 1_000;
/// Steps of a whole that are shown, and characters of all of them. Discord's limit for an embed is
/// 6,000. Source: Discord documentation, *Message › Embed Limits*.
pub(super) const STEPS: usize = 20;
const STEPS_LENGTH: usize = 3_000;

/// A block in which Discord renders no markup and no mention. No line holds a backtick any more.
pub(super) fn block(text: &str) -> String {
    format!("```\n{}\n```", clipped(text, BLOCK))
}

pub(super) fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Steps in as few blocks as have room for them, each with the name of its field. All have the same
/// room; what of a step is left out shows, and so does how many are not shown at all.
pub(super) fn in_blocks(steps: &[String]) -> Vec<(String, String)> {
    let shown = steps.len().min(STEPS);
    let room = (STEPS_LENGTH / shown.max(1)).min(BLOCK);
    let mut blocks: Vec<(usize, usize, String)> = Vec::new();
    for (index, step) in steps.iter().take(STEPS).enumerate() {
        let number = index + 1;
        let text = clipped(step, room.saturating_sub(2));
        let fits = |known: &str| known.chars().count() + text.chars().count() < BLOCK;
        match blocks.last_mut() {
            Some((_, to, known)) if fits(known) => {
                *to = number;
                known.push('\n');
                known.push_str(&text);
            }
            _ => blocks.push((number, number, text)),
        }
    }
    let all = steps.len();
    let left_out = match all - shown {
        0 => String::new(),
        more => format!("; and {more} more, which the hash below is over as well"),
    };
    let name = |(from, to, text): (usize, usize, String)| {
        let steps = if from == to {
            format!("Step {from}")
        } else {
            format!("Steps {from} to {to}")
        };
        let note = match from {
            1 => " (names and texts in them are others' words)",
            _ => "",
        };
        let more = if to == shown { left_out.as_str() } else { "" };
        (format!("{steps} of {all}{note}{more}"), text)
    };
    blocks.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_room_in_an_embed_however_many_and_long_they_are() {
        for (count, length) in [
            (1, 5_000),
            (3, 1_000),
            (5, 1_000),
            (7, 900),
            (20, 1_000),
            (90, 300),
        ] {
            let steps: Vec<String> = (1..=count)
                .map(|number| format!("{number}. {}", "ä".repeat(length)))
                .collect();
            let blocks = in_blocks(&steps);
            let long = |text: &str| text.chars().count();
            assert!(
                blocks
                    .iter()
                    .all(|(name, text)| long(name) <= 256 && long(text) <= BLOCK)
            );
            assert!(
                blocks
                    .iter()
                    .map(|(name, text)| long(name) + long(text))
                    .sum::<usize>()
                    < 4_200
            );
            let all: String = blocks.iter().map(|(_, text)| text.as_str()).collect();
            for number in 1..=count.min(STEPS) {
                assert!(all.contains(&format!("{number}. ä")), "{number} of {count}");
            }
            let told = blocks.last().unwrap().0.contains("more, which the hash");
            assert_eq!(told, count > STEPS);
        }
        assert!(in_blocks(&[]).is_empty());
    }
}
