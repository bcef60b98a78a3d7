//! Messages that Discord itself writes, in words.

use maud::{Markup, html};

use super::super::view::{Entry, list, text};
use super::log::Scene;
use super::parts::name;

/// Types that people and apps write (Discord: Message › Message Types).
const WRITTEN: &[u64] = &[0, 19, 20, 23];

pub(super) fn is_system(kind: u64) -> bool {
    !WRITTEN.contains(&kind)
}

/// What happened.
pub(super) fn event(scene: Scene<'_>, entry: &Entry, kind: u64) -> Markup {
    let message = &entry.message;
    let content = text(message, "content");
    let who = name(&entry.author);
    let mentioned = list(message, "mentions")
        .first()
        .map_or("somebody", |user| text(user, "username"));
    let target = text(&message["message_reference"], "message_id");
    html! {
        @match kind {
            1 => { (who) " added " bdi { (mentioned) } " to the conversation." },
            2 => { (who) " removed " bdi { (mentioned) } " from the conversation." },
            3 => { (who) " started a call." },
            4 => { (who) " changed the name to " strong { bdi { (content) } } "." },
            5 => { (who) " changed the icon." },
            6 => { (who) " pinned " a href={ (scene.here()) "?around=" (target) "#m" (target) } { "a message" } ". " a href={ (scene.here()) "?pins=1" } { "See all pins" } },
            7 => { (who) " joined. Welcome!" },
            8..=11 => { (who) " boosted the guild." },
            12 => { (who) " follows " strong { bdi { (content) } } " here." },
            18 => { (who) " began a thread: " (thread_link(scene, message, content)) },
            21 => { "The thread began with a message of " (started_by(entry)) ": " (quoted(message)) },
            24 => { "AutoMod held back a message of " (who) "." },
            25 => { (who) " bought a role subscription." },
            27 => { "The stage began: " strong { bdi { (content) } } },
            28 => { "The stage ended: " strong { bdi { (content) } } },
            29 => { (who) " speaks on the stage." },
            31 => { "The stage's topic is now " strong { bdi { (content) } } },
            36 | 37 => { "Security actions were switched." },
            38 | 39 => { "A raid was reported." },
            46 => { "The poll of " (who) " is closed. " (result(entry)) },
            _ => { (who) " — message of type " (kind) @if !content.is_empty() { ": " bdi { (content) } } },
        }
    }
}

fn thread_link(scene: Scene<'_>, message: &serde_json::Value, content: &str) -> Markup {
    let thread = text(&message["message_reference"], "channel_id");
    html! {
        a href={ "/as/" (scene.log.viewer) "/channels/" (thread) } { bdi { (content) } }
    }
}

fn started_by(entry: &Entry) -> Markup {
    html! {
        @if let Some(face) = &entry.referenced { (name(face)) } @else { "somebody" }
    }
}

fn quoted(message: &serde_json::Value) -> Markup {
    let words: String = text(&message["referenced_message"], "content")
        .chars()
        .take(200)
        .collect();
    html! { q dir="auto" { (words) } }
}

/// Discord tells a poll's result in the fields of an embed.
fn result(entry: &Entry) -> Markup {
    let embeds = list(&entry.message, "embeds");
    let field = |wanted: &str| {
        let fields = embeds
            .first()
            .map(|embed| list(embed, "fields"))
            .unwrap_or_default();
        fields
            .iter()
            .find(|field| field["name"] == wanted)
            .map(|field| text(field, "value"))
    };
    html! {
        @if let Some(winner) = field("victor_answer_text") {
            "Most votes: " strong { bdi { (winner) } } "."
        }
    }
}
