//! Embeds.

use maud::{Markup, html};
use serde_json::Value;

use super::super::markdown::{self, web};
use super::super::view::{list, text};
use super::attachment::media;
use super::log::Scene;
use super::parts::edge;

pub(super) fn embed(scene: Scene<'_>, embed: &Value) -> Markup {
    let names = &scene.log.names;
    let author = &embed["author"];
    let (title, description) = (text(embed, "title"), text(embed, "description"));
    let fields = list(embed, "fields");
    html! {
        article class="embed" {
            (edge(embed["color"].as_u64()))
            div class="inside" {
                @if embed["thumbnail"].is_object() { div class="thumbnail" { (media(scene, &embed["thumbnail"], "thumbnail")) } }
                @if embed["provider"].is_object() { p class="soft" { (text(&embed["provider"], "name")) } }
                @if author.is_object() { p class="author" { (linked(text(author, "url"), &html! { bdi { (text(author, "name")) } })) } }
                @if !title.is_empty() { h3 dir="auto" { (linked(text(embed, "url"), &titled(scene, title))) } }
                @if !description.is_empty() { div class="text" dir="auto" { (markdown::text(description, names)) } }
                @if !fields.is_empty() {
                    dl class="fields" {
                        @for field in fields {
                            div class=[(field["inline"] == true).then_some("inline")] {
                                dt dir="auto" { (markdown::line(text(field, "name"), names)) }
                                dd class="text" dir="auto" { (markdown::text(text(field, "value"), names)) }
                            }
                        }
                    }
                }
                @if embed["image"].is_object() { div class="image" { (media(scene, &embed["image"], "image")) } }
                @if embed["video"].is_object() { div class="image" { (media(scene, &embed["video"], "video")) } }
                (footer(embed))
            }
        }
    }
}

/// A title is a link as a whole, so there are none inside.
fn titled(scene: Scene<'_>, title: &str) -> Markup {
    let names = markdown::Names {
        link: false,
        ..scene.log.names.clone()
    };
    markdown::line(title, &names)
}

fn linked(address: &str, inside: &Markup) -> Markup {
    html! {
        @if let Some(address) = web(address) {
            a href=(address) rel="noopener noreferrer nofollow" target="_blank" { (inside) }
        } @else { (inside) }
    }
}

fn footer(embed: &Value) -> Markup {
    let (told, at) = (text(&embed["footer"], "text"), text(embed, "timestamp"));
    html! {
        @if !told.is_empty() || !at.is_empty() {
            footer class="soft" {
                bdi { (told) }
                @if !told.is_empty() && !at.is_empty() { " · " }
                @if !at.is_empty() { time datetime=(at) data-style="f" { (at.get(..16).unwrap_or(at).replace('T', " ")) } }
            }
        }
    }
}
