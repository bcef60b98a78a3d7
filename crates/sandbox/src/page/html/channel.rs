//! The screen of a channel: head, messages, composer, and the side.

use maud::{Markup, html};

use super::super::view::ChannelPage;
use super::composer::composer;
use super::dialog::dialog;
use super::forum::forum;
use super::frame::framed;
use super::log::{Scene, log};
use super::members::members;
use super::message::quoted;
use super::parts::{channel_icon, hidden, icon};

/// What the last act told, if it told anything.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Told {
    /// A refusal or a hint.
    pub(in super::super) notice: Option<String>,
    /// Its details, such as the fields that were wrong.
    pub(in super::super) details: Vec<String>,
    /// What was typed.
    pub(in super::super) draft: String,
}

/// A channel with everything around it; `traffic` is the side of people who debug, if asked for.
pub(in super::super) fn screen(
    page: &ChannelPage,
    token: &str,
    told: &Told,
    traffic: Option<&Markup>,
) -> Markup {
    let (viewer, head) = (page.frame.viewer.id, &page.head);
    let here = format!("/as/{viewer}/channels/{}", head.id);
    let title = head.title();
    let main = html! {
        (header(page, token, &here))
        div id="notice" role="alert" {
            @if let Some(notice) = &told.notice {
                div class="notice" { p { (notice) }
                    @if !told.details.is_empty() { ul { @for detail in &told.details { li { (detail) } } } }
                }
            }
        }
        @if let Some(pins) = &page.pins {
            section class="pins" aria-label="Pinned messages" {
                p class="line" { strong { "Pinned messages" } span class="grow" {} a href=(here) { "Close" } }
                @if pins.is_empty() { p class="soft" { "Nothing is pinned here." } }
                @for pin in pins { (quoted(Scene { log: &page.log, token }, pin)) }
            }
        }
        div id="scroll" class=[(!head.forum).then_some("from-below")] tabindex="0" role="region" aria-label=(title) {
            div { @if head.forum { (forum(page, token)) } @else { (log(&page.log, token, &title)) } }
        }
        @if !head.forum { (composer(page, token, &told.draft)) }
        div id="modal" { @if let Some((interaction, modal)) = &page.modal { (dialog(page, *interaction, modal, token)) } }
    };
    let side = html! {
        ul class="tabs" {
            li { a href=(here) aria-current=[traffic.is_none().then_some("page")] { "Members" } }
            li { a href={ (here) "?side=requests" } aria-current=[traffic.is_some().then_some("page")] { "Traffic" } }
        }
        @match traffic {
            Some(traffic) => (traffic),
            None => (members(&page.members, viewer, head, token)),
        }
    };
    let class = if traffic.is_some() {
        "screen debugging"
    } else {
        "screen"
    };
    let live = format!("{here}/live");
    framed(
        &page.frame,
        token,
        &title,
        class,
        &html! { div class="channel-page" data-live=(live) { (main) } },
        &side,
    )
}

fn header(page: &ChannelPage, token: &str, here: &str) -> Markup {
    let (viewer, head) = (page.frame.viewer.id, &page.head);
    let act = |verb: &str| format!("/as/{viewer}/do/{verb}");
    html! {
        header class="head" {
            (channel_icon(head.kind))
            h1 {
                @if let Some((id, name)) = &head.parent { a href={ "/as/" (viewer) "/channels/" (id) } { bdi { (name) } } " / " }
                bdi { (head.name) }
            }
            @if head.archived { span class="badge" { "ARCHIVED" } }
            @if head.locked { span class="badge" { "LOCKED" } }
            @if head.slow_seconds > 0 { span class="badge" title="Slow mode" { "SLOW " (head.slow_seconds) " S" } }
            @if !head.topic.is_empty() { p class="topic soft" title=(head.topic) { (head.topic) } }
            span class="grow" {}
            form method="post" action=(act("join-voice")) class="line" {
                (hidden(token, head.id))
                @if let Some(guild) = head.guild { input type="hidden" name="guild" value=(guild); }
                @if head.voice && head.connected { button class="small" formaction=(act("leave-voice")) { "Leave voice" } }
                @else if head.voice && page.can.connect { button class="small" { "Join voice" } }
                @if head.is_thread {
                    button class="small" formaction=(act(if head.joined { "leave-thread" } else { "join-thread" })) { @if head.joined { "Leave" } @else { "Join" } }
                    @if page.can.manage_threads { button class="small" formaction=(act(if head.archived { "unarchive" } else { "archive" })) { @if head.archived { "Unarchive" } @else { "Archive" } } }
                }
            }
            @if !head.forum { a class="button small quiet" href={ (here) "?pins=1" } title="Pinned messages" { (icon("pin")) span class="hidden" { "Pinned messages" } } }
            span id="live" class="live" role="status" title="Live updates" { span class="hidden" { "Not live" } }
        }
    }
}
