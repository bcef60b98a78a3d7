//! Components of messages: buttons, selects, and the layout of components v2.

use maud::{Markup, html};
use serde_json::Value;

use super::super::markdown::{self, web};
use super::super::view::{Picks, id, list, text};
use super::attachment::{elsewhere, media};
use super::log::Scene;
use super::parts::{edge, hidden, icon};
use crate::snowflake::Snowflake;

/// Layout within layout; Discord allows less.
const MAX_DEPTH: usize = 6;

/// Everything under a message.
pub(super) fn components(scene: Scene<'_>, message: &Value) -> Markup {
    let at = id(message, "id").unwrap_or_default();
    html! {
        @for component in list(message, "components") { (component_at(scene, at, component, 0)) }
    }
}

fn component_at(scene: Scene<'_>, message: Snowflake, component: &Value, depth: usize) -> Markup {
    if depth > MAX_DEPTH {
        return html! {};
    }
    let children = list(component, "components");
    match component["type"].as_u64().unwrap_or_default() {
        1 => row(scene, message, children),
        2 => {
            html! { form class="row" method="post" action=(scene.act("press")) { (scene.hidden(message)) (button(component)) } }
        }
        3 | 5..=8 => select(scene, message, component),
        9 => html! {
            section class="section" {
                div class="beside" { @for child in children { (component_at(scene, message, child, depth + 1)) } }
                (component_at(scene, message, &component["accessory"], depth + 1))
            }
        },
        10 => {
            html! { div class="text" dir="auto" { (markdown::text(text(component, "content"), &scene.log.names)) } }
        }
        11 => {
            html! { div class={ "thumbnail" (spoiled(component)) } tabindex=[spoiler_stop(component)] { (media(scene, &component["media"], text(component, "description"))) } }
        }
        12 => html! {
            ul class="gallery" {
                @for item in list(component, "items") {
                    li class={ "picture" (spoiled(item)) } tabindex=[spoiler_stop(item)] { (media(scene, &item["media"], text(item, "description"))) }
                }
            }
        },
        13 => file(scene, component),
        14 => {
            html! { hr class={ "separator" @if component["divider"] == false { " blank" } @if component["spacing"] == 2 { " wide" } }; }
        }
        17 => html! {
            section class={ "container" (spoiled(component)) } tabindex=[spoiler_stop(component)] {
                (edge(component["accent_color"].as_u64()))
                div class="inside" { @for child in children { (component_at(scene, message, child, depth + 1)) } }
            }
        },
        _ => html! {},
    }
}

fn spoiled(component: &Value) -> &'static str {
    if component["spoiler"] == true {
        " spoiler"
    } else {
        ""
    }
}

fn spoiler_stop(component: &Value) -> Option<&'static str> {
    (component["spoiler"] == true).then_some("0")
}

fn file(scene: Scene<'_>, component: &Value) -> Markup {
    let address = text(&component["file"], "url");
    let name = text(component, "name");
    html! {
        @if let Some(own) = scene.own_file(address) {
            @let name = if name.is_empty() { own.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or("file") } else { name };
            p class="file" { (icon("file")) a href=(own) download=(name) { bdi { (name) } } }
        } @else { (elsewhere(address, name)) }
    }
}

/// Buttons share a form; a select has its own, since each is sent by itself.
fn row(scene: Scene<'_>, message: Snowflake, children: &[Value]) -> Markup {
    let is_button = |child: &&Value| child["type"] == 2;
    html! {
        @if children.iter().any(|child| is_button(&child)) {
            form class="row" method="post" action=(scene.act("press")) {
                (scene.hidden(message))
                @for child in children.iter().filter(is_button) { (button(child)) }
            }
        }
        @for child in children.iter().filter(|child| child["type"] != 2) { (select(scene, message, child)) }
    }
}

fn button(button: &Value) -> Markup {
    let style = match button["style"].as_u64().unwrap_or(2) {
        1 => "primary",
        3 => "success",
        4 => "danger",
        _ => "plain",
    };
    let off = button["disabled"] == true;
    let inside = html! {
        (emoji(&button["emoji"]))
        @if let Some(label) = button["label"].as_str() { bdi { (label) } }
        @else if button["emoji"].is_null() { "Premium" }
    };
    html! {
        @if let Some(address) = web(text(button, "url")).filter(|_| !off) {
            a class="button" href=(address) rel="noopener noreferrer nofollow" target="_blank" { (inside) " " (icon("link")) }
        } @else {
            button class=(style) name="custom_id" value=(text(button, "custom_id")) disabled[off || text(button, "custom_id").is_empty()] { (inside) }
        }
    }
}

fn emoji(emoji: &Value) -> Markup {
    let name = text(emoji, "name");
    html! {
        @if !name.is_empty() {
            @if emoji["id"].is_null() { span { (name) } " " } @else { span class="emoji" { ":" (name) ":" } " " }
        }
    }
}

fn select(scene: Scene<'_>, message: Snowflake, select: &Value) -> Markup {
    let custom = text(select, "custom_id");
    html! {
        form class="row select" method="post" action=(scene.act("choose")) {
            (hidden(scene.token, scene.log.channel))
            input type="hidden" name="message" value=(message);
            input type="hidden" name="custom_id" value=(custom);
            (choices(select, &scene.log.picks, "values"))
            button class="small" disabled[select["disabled"] == true] { "Choose" }
        }
    }
}

/// The select itself, which modals show as well.
pub(super) fn choices(select: &Value, picks: &Picks, field: &str) -> Markup {
    let most = select["max_values"].as_u64().unwrap_or(1);
    let least = select["min_values"].as_u64().unwrap_or(1);
    let placeholder = select["placeholder"].as_str().unwrap_or("Choose…");
    let several = most > 1;
    let chosen = |id: &Snowflake| {
        list(select, "default_values")
            .iter()
            .any(|value| super::super::view::id(value, "id") == Some(*id))
    };
    let kind = select["type"].as_u64().unwrap_or_default();
    html! {
        label class="grow" {
            span class="hidden" { (placeholder) }
            select name=(field) multiple[several] size=[several.then_some("4")] disabled[select["disabled"] == true] title=(placeholder) {
                @if !several { option value="" disabled[least > 0] selected { (placeholder) } }
                @for option in list(select, "options") {
                    option value=(text(option, "value")) selected[option["default"] == true] {
                        (text(&option["emoji"], "name")) " " (text(option, "label"))
                        @if !text(option, "description").is_empty() { " — " (text(option, "description")) }
                    }
                }
                @if matches!(kind, 5 | 7) { @for (id, name) in &picks.users { option value=(id) selected[chosen(id)] { "@" (name) } } }
                @if matches!(kind, 6 | 7) { @for (id, name) in &picks.roles { option value=(id) selected[chosen(id)] { "@" (name) } } }
                @if kind == 8 { @for (id, name) in &picks.channels { option value=(id) selected[chosen(id)] { "#" (name) } } }
            }
        }
    }
}
