//! The frame of every screen but the first: the bar, the channels, and what stands beside.

use maud::{Markup, html};

use super::super::view::{Face, Frame, Link};
use super::parts::{avatar, avatar_with_status, channel_icon, icon, initials, name, status_word};
use super::{Document, document};
use crate::snowflake::Snowflake;

/// Statuses that a person can choose.
const STATUSES: &[(&str, &str)] = &[
    ("online", "Online"),
    ("idle", "Idle"),
    ("dnd", "Do not disturb"),
    ("invisible", "Invisible"),
];

/// A whole screen.
pub(super) fn framed(
    frame: &Frame,
    token: &str,
    title: &str,
    class: &str,
    main: &Markup,
    side: &Markup,
) -> Markup {
    let colours = frame
        .guild
        .as_ref()
        .map(|(guild, version)| (guild.id, *version));
    document(&Document {
        title,
        colours,
        class,
        body: html! {
            a class="skip" href="#main" { "Skip to the messages" }
            (bar(frame, token))
            nav id="channels" class="drawer left" popover="auto" aria-label="Channels" { (channels(frame)) }
            main id="main" tabindex="-1" { (main) }
            aside id="side" class="drawer right" popover="auto" aria-label="Beside" { (side) }
        },
    })
}

fn bar(frame: &Frame, token: &str) -> Markup {
    let viewer = frame.viewer.id;
    html! {
        header id="bar" {
            button type="button" class="quiet narrow" popovertarget="channels" aria-label="Channels" { (icon("menu")) }
            a class="brand" href="/" { span class="mark" aria-hidden="true" {} span class="word" { "Guildhall" } span class="soft" { "sandbox" } }
            ul class="guilds" aria-label="Guilds" {
                @for guild in &frame.guilds {
                    @let open = frame.guild.as_ref().is_some_and(|(it, _)| it.id == guild.id);
                    li { a href={ "/as/" (viewer) "/guilds/" (guild.id) } aria-current=[open.then_some("page")] title=(guild.name) {
                        span class="crest" aria-hidden="true" { (initials(&guild.name)) } span class="label" { (guild.name) }
                    } }
                }
            }
            button type="button" id="who-button" class="who quiet" popovertarget="who" {
                (avatar_with_status(&frame.viewer))
                span class="label" { span class="soft" { "You are " } (name(&frame.viewer)) }
            }
            button type="button" class="quiet narrow" popovertarget="side" aria-label="Members and traffic" { (icon("people")) }
        }
        div id="who" popover="auto" class="menu" aria-label="Whom you are" { (who(frame, token)) }
    }
}

/// Whom one can be, and how one shows.
fn who(frame: &Frame, token: &str) -> Markup {
    let viewer = &frame.viewer;
    html! {
        h2 { "You are " bdi { (viewer.name) } }
        form method="post" action={ "/as/" (viewer.id) "/do/presence" } class="line" {
            input type="hidden" name="token" value=(token);
            @if let Some(channel) = frame.channel { input type="hidden" name="channel" value=(channel); }
            label class="grow" { span class="hidden" { "Status" }
                select name="status" {
                    @for (value, word) in STATUSES {
                        option value=(value) selected[viewer.status == *value] { (word) }
                    }
                }
            }
            button { "Show" }
        }
        h3 { "Be somebody else" }
        ul class="faces" {
            @for face in &frame.people {
                @if face.id != viewer.id {
                    li { a href=(place(face.id, frame.channel)) {
                        (avatar_with_status(face)) (name(face))
                        @if face.username != face.name { span class="soft" { (face.username) } }
                    } }
                }
            }
        }
        form method="post" action={ "/as/" (viewer.id) "/do/person" } class="line" {
            input type="hidden" name="token" value=(token);
            @if let Some((guild, _)) = &frame.guild { input type="hidden" name="guild" value=(guild.id); }
            label class="grow" { span class="hidden" { "Name of a new person" }
                input name="username" placeholder="somebody new" minlength="2" maxlength="32" required autocomplete="off";
            }
            button { "Join" }
        }
    }
}

fn place(user: Snowflake, channel: Option<Snowflake>) -> String {
    match channel {
        Some(channel) => format!("/as/{user}/channels/{channel}"),
        None => format!("/as/{user}"),
    }
}

fn channels(frame: &Frame) -> Markup {
    let viewer = frame.viewer.id;
    html! {
        @if let Some((guild, _)) = &frame.guild { h1 class="guild" { bdi { (guild.name) } } }
        @for section in &frame.sections {
            section {
                @if !section.name.is_empty() { h2 { bdi { (section.name) } } }
                ul { @for link in &section.links { (channel(viewer, frame.channel, link)) } }
            }
        }
        section {
            h2 { "Direct messages" }
            @if frame.direct.is_empty() { p class="soft empty" { "None yet. Choose a member to write to." } }
            ul { @for link in &frame.direct { (channel(viewer, frame.channel, link)) } }
        }
    }
}

fn channel(viewer: Snowflake, open: Option<Snowflake>, link: &Link) -> Markup {
    let current = open == Some(link.id);
    html! {
        li {
            a class="channel" data-channel=(link.id) href={ "/as/" (viewer) "/channels/" (link.id) } aria-current=[current.then_some("page")] {
                (channel_icon(link.kind)) bdi class="label" { (link.name) }
            }
            @if !link.threads.is_empty() {
                ul class="threads" { @for thread in &link.threads { (channel(viewer, open, thread)) } }
            }
            @if !link.voices.is_empty() {
                ul class="voices" aria-label="Connected" {
                    @for face in &link.voices { li { (avatar(face)) (name(face)) } }
                }
            }
        }
    }
}

/// Somebody who can go nowhere, or went where nothing is.
pub(in super::super) fn nothing_here(frame: &Frame, token: &str, why: &str) -> Markup {
    let main = html! {
        section class="blank" {
            h1 { "Nothing to see here" }
            p { (why) }
            p { a class="button" href={ "/as/" (frame.viewer.id) } { "Go where " bdi { (frame.viewer.name) } " can go" } }
        }
    };
    let side = html! { p class="soft" { (told(&frame.viewer)) } };
    framed(frame, token, "Nothing here", "screen", &main, &side)
}

fn told(face: &Face) -> String {
    format!("{} is {}", face.name, status_word(&face.status))
}
