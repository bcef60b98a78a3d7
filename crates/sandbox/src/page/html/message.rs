//! One message: who, when, what, and what one can do with it.

use maud::{Markup, html};
use serde_json::Value;

use super::super::markdown::{self, is_only_emojis};
use super::super::view::{Entry, id, list, text};
use super::attachment::attachments;
use super::component::components;
use super::embed::embed;
use super::log::Scene;
use super::parts::{avatar, count, hidden, icon, moment, name};
use super::poll::poll;
use super::system;
use crate::snowflake::Snowflake;

const CROSSPOSTED: u64 = 1;
const EPHEMERAL: u64 = 1 << 6;
const LOADING: u64 = 1 << 7;
const SILENT: u64 = 1 << 12;
const VOICE: u64 = 1 << 13;

/// Offered beside the field for any other emoji.
const QUICK: &[&str] = &["👍", "❤️", "😄", "🎉", "👀"];

/// A message as an item of the log.
pub(super) fn message(scene: Scene<'_>, entry: &Entry) -> Markup {
    let message = &entry.message;
    let kind = message["type"].as_u64().unwrap_or_default();
    let flags = message["flags"].as_u64().unwrap_or_default();
    let ephemeral = flags & EPHEMERAL != 0;
    let is_system = system::is_system(kind);
    let lit = list(message, "mentions")
        .iter()
        .any(|user| id(user, "id") == Some(scene.log.viewer))
        || message["mention_everyone"] == true;
    html! {
        li id={ "m" (entry.id) } data-id=(entry.id) class={
            "message"
            @if entry.continues { " continues" }
            @if is_system { " system" }
            @if lit && !is_system { " lit" }
            @if ephemeral { " ephemeral" }
        } {
            @if is_system {
                p class="event" { span class="mark" aria-hidden="true" { (icon("pulse")) } (system::event(scene, entry, kind)) " " (moment(entry.id.timestamp_ms())) }
            } @else {
                @if let Some(line) = answered(scene, entry) { (line) }
                div class="face" { (avatar(&entry.author)) }
                p class="byline" {
                    (name(&entry.author)) " "
                    @if flags & CROSSPOSTED != 0 { span class="badge" { "PUBLISHED" } " " }
                    a class="when" href={ (scene.here()) "?around=" (entry.id) "#m" (entry.id) } { (moment(entry.id.timestamp_ms())) }
                    @if flags & SILENT != 0 { " " span class="soft" { "silent" } }
                }
            }
            div class="content" {
                (body(scene, message))
                @if flags & LOADING != 0 { p class="soft" { "Thinking…" } }
                @if ephemeral { p class="soft note" { "Only " bdi { (viewer_name(scene, message)) } " and the app see this." } }
            }
            (footer(scene, entry))
            @if !is_system || kind == 46 { (actions(scene, entry)) }
        }
    }
}

/// What a message holds, which is also what a forward and a pin show.
pub(super) fn body(scene: Scene<'_>, message: &Value) -> Markup {
    let content = text(message, "content");
    let names = &scene.log.names;
    let voice = message["flags"].as_u64().unwrap_or_default() & VOICE != 0;
    html! {
        @if !content.is_empty() && !system::is_system(message["type"].as_u64().unwrap_or_default()) {
            div class={ "text" @if is_only_emojis(content) { " large" } } dir="auto" {
                (markdown::text(content, names))
                @if !message["edited_timestamp"].is_null() { " " span class="soft edited" title=(text(message, "edited_timestamp")) { "(edited)" } }
            }
        }
        @for snapshot in list(message, "message_snapshots") {
            figure class="forward" {
                figcaption class="soft" { (icon("reply")) " Forwarded" (origin(scene, message)) }
                (body(scene, &snapshot["message"]))
            }
        }
        @if voice { p class="soft" { "Voice message" } }
        (attachments(scene, list(message, "attachments")))
        @for sticker in list(message, "sticker_items").iter().chain(list(message, "stickers")) {
            p class="sticker" title="Sticker" { span aria-hidden="true" { "✦" } " " (text(sticker, "name")) span class="soft" { "sticker" } }
        }
        @if message["poll"].is_object() { (poll(scene, message)) }
        @for one in list(message, "embeds") { (embed(scene, one)) }
        (components(scene, message))
    }
}

fn origin(scene: Scene<'_>, message: &Value) -> Markup {
    let reference = &message["message_reference"];
    let channel = id(reference, "channel_id");
    let place =
        channel.and_then(|channel| Some((channel, scene.log.names.channels.get(&channel)?)));
    html! {
        @if let Some((channel, name)) = place {
            " from " a href={ "/as/" (scene.log.viewer) "/channels/" (channel) } { "#" bdi { (name) } }
        }
    }
}

/// What a message answers: another message, or a command.
fn answered(scene: Scene<'_>, entry: &Entry) -> Option<Markup> {
    let message = &entry.message;
    let metadata = &message["interaction_metadata"];
    if let Some(face) = &entry.referenced {
        let other = &message["referenced_message"];
        let target = id(other, "id").unwrap_or_default();
        let words: String = text(other, "content").chars().take(120).collect();
        return Some(html! {
            p class="answered" { (icon("reply")) span class="hidden" { "In reply to " } (name(face)) " "
                a href={ (scene.here()) "?around=" (target) "#m" (target) } {
                    @if words.is_empty() { em { "an attachment or embed" } } @else { (markdown::line(&words, &plain(scene))) }
                }
            }
        });
    }
    if message["type"] == 19 {
        return Some(
            html! { p class="answered" { (icon("reply")) em { "The message that this replied to was deleted." } } },
        );
    }
    if metadata["type"] == 2 {
        let user = text(&metadata["user"], "username");
        let command = text(metadata, "name");
        return Some(html! {
            p class="answered" { (icon("reply")) bdi class="name" { (user) } " used "
                span class="mention" { @if command.is_empty() { "a command" } @else { "/" (command) } } }
        });
    }
    None
}

/// Without links: the line is one itself.
fn plain(scene: Scene<'_>) -> markdown::Names {
    markdown::Names {
        link: false,
        ..scene.log.names.clone()
    }
}

fn viewer_name<'a>(scene: Scene<'_>, message: &'a Value) -> &'a str {
    let user = &message["interaction_metadata"]["user"];
    if id(user, "id") == Some(scene.log.viewer) {
        "you"
    } else {
        text(user, "username")
    }
}

/// Reactions and the thread that was begun here.
fn footer(scene: Scene<'_>, entry: &Entry) -> Markup {
    let message = &entry.message;
    let reactions = list(message, "reactions");
    let thread = &message["thread"];
    html! {
        @if !reactions.is_empty() {
            form class="reactions" method="post" action=(scene.act("react")) {
                (scene.hidden(entry.id))
                @for reaction in reactions { (reaction_button(scene, reaction)) }
            }
        }
        @if thread.is_object() {
            p class="thread" { (icon("thread"))
                a href={ "/as/" (scene.log.viewer) "/channels/" (text(thread, "id")) } { bdi { (text(thread, "name")) } }
                span class="soft" { (count(thread["message_count"].as_u64().unwrap_or_default(), "message")) }
            }
        }
    }
}

fn reaction_button(scene: Scene<'_>, reaction: &Value) -> Markup {
    let emoji = &reaction["emoji"];
    let (name, custom) = (text(emoji, "name"), text(emoji, "id"));
    let value = if custom.is_empty() {
        name.to_owned()
    } else {
        format!("{name}:{custom}")
    };
    let mine = reaction["me"] == true;
    let number = reaction["count"].as_u64().unwrap_or_default();
    let verb = if mine { "unreact" } else { "react" };
    html! {
        button name="emoji" value=(value) formaction=(scene.act(verb)) class="reaction" aria-pressed=(mine) title={ (name) ": " (number) } {
            @if custom.is_empty() { (name) } @else { span class="emoji" { ":" (name) ":" } }
            " " span class="number" { (number) }
        }
    }
}

/// Everything that one can do with a message, in a menu that needs no script.
fn actions(scene: Scene<'_>, entry: &Entry) -> Markup {
    let (can, message) = (scene.log.can, &entry.message);
    let mine =
        id(&message["author"], "id") == Some(scene.log.viewer) && message["webhook_id"].is_null();
    let pinned = message["pinned"] == true;
    let here = scene.here();
    let at = entry.id;
    html! {
        details class="more" name="more" {
            summary aria-label="What to do with this message" { (icon("more")) }
            form method="post" action=(scene.act("react")) class="menu" {
                (scene.hidden(at))
                @if can.react {
                    p class="quick" {
                        @for emoji in QUICK { button name="emoji" value=(emoji) class="quiet" aria-label={ "React with " (emoji) } { (emoji) } }
                    }
                    p class="line" {
                        label class="grow" { span class="hidden" { "Any emoji" } input name="other" placeholder="emoji or name:id" maxlength="80" autocomplete="off"; }
                        button formaction=(scene.act("react-other")) class="small" { "React" }
                    }
                }
                @if can.write { a href={ (here) "?reply=" (at) "#compose" } { "Reply" } }
                @if mine { a href={ (here) "?edit=" (at) "#compose" } { "Edit" } }
                @if can.thread && message["thread"].is_null() { a href={ (here) "?thread=" (at) "#compose" } { "Begin a thread" } }
                @if can.pin { button formaction=(scene.act(if pinned { "unpin" } else { "pin" })) { @if pinned { "Unpin" } @else { "Pin" } } }
                @for (application, name) in &scene.log.menu {
                    button formaction=(scene.act("menu")) name="command" value={ (application) ":" (name) } { (name) }
                }
                @if mine || can.manage { button formaction=(scene.act("delete")) class="danger" { "Delete" } }
                a href={ (here) "?forward=" (at) "#compose" } { "Forward" }
                p class="soft" { "Id " code data-copy { (at) } }
            }
        }
    }
}

/// A message out of its log, such as a pin.
pub(super) fn quoted(scene: Scene<'_>, message: &Value) -> Markup {
    let at: Snowflake = id(message, "id").unwrap_or_default();
    html! {
        article class="quoted" {
            p class="byline" {
                bdi class="name" { (text(&message["author"], "username")) } " "
                a class="when" href={ (scene.here()) "?around=" (at) "#m" (at) } { (moment(at.timestamp_ms())) }
            }
            div class="text" dir="auto" { (markdown::text(text(message, "content"), &scene.log.names)) }
            @if scene.log.can.pin {
                form method="post" action=(scene.act("unpin")) {
                    (hidden(scene.token, scene.log.channel))
                    input type="hidden" name="message" value=(at);
                    button class="small" { "Unpin" }
                }
            }
        }
    }
}
