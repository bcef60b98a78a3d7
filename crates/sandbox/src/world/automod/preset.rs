//! Discord's own word lists, which it does not publish; these few words stand for them. There is
//! no list of slurs here: the word `slur` itself stands for all.

/// Discord: Auto Moderation Rule Object › Keyword Preset Types.
pub(super) const fn words(preset: u64) -> &'static [&'static str] {
    match preset {
        1 => &["fuck*", "shit*", "bullshit", "asshole*", "bastard*"],
        2 => &["porn*", "nudes", "onlyfans", "xxx"],
        _ => &["slur", "slurs"],
    }
}
