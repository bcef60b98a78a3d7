//! The messages of a channel, one under the other.

use maud::{Markup, html};

use super::super::view::Log;
use super::message::message;
use super::parts::day;
use crate::snowflake::Snowflake;

/// What a message needs to be shown.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) log: &'a Log,
    pub(super) token: &'a str,
}

impl Scene<'_> {
    /// Where an act is sent.
    pub(super) fn act(&self, verb: &str) -> String {
        format!("/as/{}/do/{verb}", self.log.viewer)
    }

    /// The channel's own address.
    pub(super) fn here(&self) -> String {
        format!("/as/{}/channels/{}", self.log.viewer, self.log.channel)
    }

    /// The path of a file of the sandbox's own, without its host: the page may be open under
    /// another of its names.
    pub(super) fn own_file<'u>(&self, address: &'u str) -> Option<&'u str> {
        let path = address.strip_prefix(&*self.log.origin)?;
        path.starts_with("/attachments/").then_some(path)
    }

    /// What every form of a message carries.
    pub(super) fn hidden(&self, message: Snowflake) -> Markup {
        html! {
            (super::parts::hidden(self.token, self.log.channel))
            input type="hidden" name="message" value=(message);
        }
    }
}

/// The whole log, with ways to older and newer pages.
pub(super) fn log(log: &Log, token: &str, title: &str) -> Markup {
    let scene = Scene { log, token };
    let here = scene.here();
    let first = log.entries.first().map(|entry| entry.id);
    let last = log.entries.last().map(|entry| entry.id);
    html! {
        @if let Some(first) = first.filter(|_| log.older) {
            p class="pages" { a href={ (here) "?before=" (first) } { "Older messages" } }
        } @else if log.can.read {
            p class="soft beginning" { "This is where " strong { bdi { (title) } } " begins." }
        } @else {
            p class="soft beginning" { "Without the permission to read the history, only what comes now would be seen." }
        }
        ol id="log" role="log" aria-label="Messages" aria-live="polite" aria-relevant="additions" data-latest[!log.newer] {
            (log_entries(log, token))
        }
        @if let Some(last) = last.filter(|_| log.newer) {
            p class="pages" { a href={ (here) "?after=" (last) } { "Newer messages" } " · " a href=(here) { "Newest" } }
        }
    }
}

/// Messages with the days that they begin, as the log shows them.
pub(in super::super) fn log_entries(log: &Log, token: &str) -> Markup {
    let scene = Scene { log, token };
    html! {
        @for entry in &log.entries {
            @if entry.new_day {
                li class="day" role="presentation" { (day(entry.id.timestamp_ms())) }
            }
            (message(scene, entry))
        }
    }
}
