//! The members beside a channel, and what one can do with them.

use maud::{Markup, html};

use super::super::view::{Face, Head, Members};
use super::parts::{avatar_with_status, hidden, name, status_word};
use crate::snowflake::Snowflake;

/// The list of members.
pub(super) fn members(members: &Members, viewer: Snowflake, head: &Head, token: &str) -> Markup {
    html! {
        div class="members" {
            @for group in &members.groups {
                section {
                    h2 { bdi { (group.name) } " " span class="soft" { (group.faces.len()) } }
                    ul { @for face in &group.faces { (member(face, viewer, head, token)) } }
                }
            }
            @if members.hidden > 0 { p class="soft" { "and " (members.hidden) " more of " (members.total) } }
        }
    }
}

fn member(face: &Face, viewer: Snowflake, head: &Head, token: &str) -> Markup {
    let own = face.id == viewer;
    html! {
        li id={ "u" (face.id) } {
            details class="card" name="member" {
                summary {
                    (avatar_with_status(face))
                    span class="lines" {
                        span { (name(face)) }
                        @if !face.activity.is_empty() { span class="soft activity" { (face.activity) } }
                    }
                }
                div class="sheet" {
                    dl {
                        dt { "User" } dd { (face.username) }
                        dt { "Id" } dd { code data-copy { (face.id) } }
                        dt { "Status" } dd { (status_word(&face.status)) }
                    }
                    @if !face.bot && !own { p { a class="button small" href={ "/as/" (face.id) "/channels/" (head.id) } { "Be " bdi { (face.name) } } } }
                    form method="post" action={ "/as/" (viewer) "/do/direct" } class="actions" {
                        (hidden(token, head.id))
                        input type="hidden" name="user" value=(face.id);
                        @if !own { button class="small" { "Write to" } }
                        @if let Some(guild) = head.guild {
                            input type="hidden" name="guild" value=(guild);
                            @if own {
                                button class="small" formaction={ "/as/" (viewer) "/do/leave" } { "Leave the guild" }
                            } @else {
                                button class="small" formaction={ "/as/" (viewer) "/do/time-out" } { "Time out 10 min" }
                                button class="small danger" formaction={ "/as/" (viewer) "/do/kick" } { "Kick" }
                            }
                        }
                    }
                }
            }
        }
    }
}
