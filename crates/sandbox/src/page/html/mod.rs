//! The page's HTML. Everything that comes from the world is escaped by the templates; the only
//! ready-made HTML is what the Markdown renderer wrote.

mod attachment;
mod channel;
mod component;
mod composer;
mod debug;
mod dialog;
mod embed;
mod forum;
mod frame;
mod log;
mod members;
mod message;
mod operate;
mod parts;
mod poll;
mod system;
mod welcome;

use maud::{DOCTYPE, Markup, html};

pub(super) use channel::{Told, screen};
pub(super) use debug::{debug_screen, debug_side};
pub(super) use frame::nothing_here;
pub(super) use log::log_entries;
pub(super) use welcome::{Bot, Connect, welcome};

use super::assets::STYLES;
use crate::snowflake::Snowflake;

/// What a whole document needs besides its body.
struct Document<'a> {
    title: &'a str,
    /// The guild whose colours are used, and their version.
    colours: Option<(Snowflake, u64)>,
    class: &'a str,
    body: Markup,
}

fn document(document: &Document<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content";
                meta name="color-scheme" content="light dark";
                title { (document.title) " · Guildhall sandbox" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                @for style in STYLES {
                    link rel="stylesheet" href={ "/assets/" (style) };
                }
                @if let Some((guild, version)) = document.colours {
                    link rel="stylesheet" href={ "/assets/roles/" (guild) "?v=" (version) };
                }
                script type="module" src="/assets/page.js" {}
            }
            body class=(document.class) { (document.body) }
        }
    }
}
