//! Attachments: pictures in place, everything else as a link. Only the sandbox's own files are
//! shown; what lies elsewhere is named.

use maud::{Markup, html};
use serde_json::Value;

use super::super::markdown::web;
use super::super::view::text;
use super::log::Scene;
use super::parts::{icon, size};

/// Types that are shown in place; SVG is not, since it can hold scripts.
const PICTURES: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
];

pub(super) fn attachments(scene: Scene<'_>, attachments: &[Value]) -> Markup {
    html! {
        @if !attachments.is_empty() {
            ul class={ "attachments" @if attachments.len() > 1 { " many" } } {
                @for attachment in attachments { li { (one(scene, attachment)) } }
            }
        }
    }
}

fn one(scene: Scene<'_>, attachment: &Value) -> Markup {
    let kind = text(attachment, "content_type")
        .split(';')
        .next()
        .unwrap_or_default();
    let (file, described) = (
        text(attachment, "filename"),
        text(attachment, "description"),
    );
    let spoiler =
        file.starts_with("SPOILER_") || attachment["flags"].as_u64().unwrap_or_default() & 8 != 0;
    let address = text(attachment, "url");
    let Some(own) = scene.own_file(address) else {
        return elsewhere(address, file);
    };
    if PICTURES.contains(&kind.trim()) {
        let side = |key: &str| attachment[key].as_u64().map(|pixels| pixels.to_string());
        return html! {
            figure class={ "picture" @if spoiler { " spoiler" } } tabindex=[spoiler.then_some("0")] {
                a href=(own) target="_blank" rel="noopener" {
                    img src=(own) alt=(if described.is_empty() { file } else { described }) loading="lazy" width=[side("width")] height=[side("height")];
                }
                @if !described.is_empty() { figcaption class="soft" { (described) } }
            }
        };
    }
    html! {
        p class="file" { (icon("file"))
            span class="lines" {
                a href=(own) download=(file) { bdi { (file) } }
                span class="soft" { (size(attachment["size"].as_u64().unwrap_or_default())) @if !described.is_empty() { " · " (described) } }
            }
        }
    }
}

/// A picture or file: in place when it is the sandbox's own, else its address.
pub(super) fn media(scene: Scene<'_>, media: &Value, described: &str) -> Markup {
    let address = text(media, "url");
    let Some(own) = scene.own_file(address) else {
        return elsewhere(address, described);
    };
    let side = |key: &str| {
        media[key]
            .as_u64()
            .filter(|pixels| *pixels > 0)
            .map(|pixels| pixels.to_string())
    };
    html! {
        a href=(own) target="_blank" rel="noopener" {
            img src=(own) alt=(described) loading="lazy" width=[side("width")] height=[side("height")];
        }
    }
}

/// The page loads nothing from elsewhere.
pub(super) fn elsewhere(address: &str, named: &str) -> Markup {
    let shown = if named.is_empty() { address } else { named };
    html! {
        p class="file" { (icon("link"))
            @if let Some(address) = web(address) {
                a href=(address) rel="noopener noreferrer nofollow" target="_blank" { bdi { (shown) } }
            } @else {
                span class="soft" { bdi { (shown) } }
            }
        }
    }
}
