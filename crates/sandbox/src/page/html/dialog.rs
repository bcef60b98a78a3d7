//! Modals: the form that a bot opened for one person.

use maud::{Markup, html};
use serde_json::Value;

use super::super::markdown::{self, Names};
use super::super::view::{ChannelPage, Picks, list, text};
use super::component::choices;
use super::parts::hidden;
use crate::snowflake::Snowflake;

/// The modal as a dialog over the page; without a script it stands open in the page.
pub(super) fn dialog(
    page: &ChannelPage,
    interaction: Snowflake,
    modal: &Value,
    token: &str,
) -> Markup {
    let viewer = page.frame.viewer.id;
    let here = format!("/as/{viewer}/channels/{}", page.head.id);
    html! {
        dialog id="dialog" open aria-labelledby="dialog-title" {
            form method="post" action={ "/as/" (viewer) "/do/fill" } enctype="multipart/form-data" class="stack" {
                h2 id="dialog-title" { bdi { (text(modal, "title")) } }
                (hidden(token, page.head.id))
                input type="hidden" name="interaction" value=(interaction);
                @for component in list(modal, "components") { (part(component, &page.picks, &page.log.names)) }
                p class="line" {
                    button class="primary" { "Send" }
                    a class="button" href=(here) data-close { "Cancel" }
                }
            }
        }
    }
}

fn part(component: &Value, picks: &Picks, names: &Names) -> Markup {
    html! {
        @match component["type"].as_u64().unwrap_or_default() {
            1 => { @for child in list(component, "components") { (field(child, text(child, "label"), "", picks)) } },
            10 => { div class="text" { (markdown::text(text(component, "content"), names)) } },
            18 => (field(&component["component"], text(component, "label"), text(component, "description"), picks)),
            _ => {},
        }
    }
}

fn field(field: &Value, label: &str, description: &str, picks: &Picks) -> Markup {
    let name = format!("f:{}", text(field, "custom_id"));
    let required = field["required"] != false;
    let title = html! {
        span { bdi { (label) } @if !required { span class="soft" { " (optional)" } } }
        @if !description.is_empty() { span class="soft" { (description) } }
    };
    let limit = |key: &str| field[key].as_u64().map(|limit| limit.to_string());
    html! {
        @match field["type"].as_u64().unwrap_or_default() {
            4 => {
                label { (title)
                    @if field["style"] == 2 {
                        textarea name=(name) rows="4" required[required] minlength=[limit("min_length")] maxlength=[limit("max_length")] placeholder=(text(field, "placeholder")) { (text(field, "value")) }
                    } @else {
                        input name=(name) required[required] minlength=[limit("min_length")] maxlength=[limit("max_length")] placeholder=(text(field, "placeholder")) value=(text(field, "value")) autocomplete="off";
                    }
                }
            },
            3 | 5..=8 => { div class="stack" { (title) (choices(field, picks, &name)) } },
            19 => { label { (title) input type="file" name=(name) required[required] multiple[field["max_values"].as_u64().unwrap_or(1) > 1]; } },
            21 | 22 => {
                @let kind = if field["type"] == 21 { "radio" } else { "checkbox" };
                fieldset { legend { (title) }
                    @for option in list(field, "options") {
                        label class="check" { input type=(kind) name=(name) value=(text(option, "value")) checked[option["default"] == true]; (text(option, "label")) span class="soft" { (text(option, "description")) } }
                    }
                }
            },
            23 => { label class="check" { input type="checkbox" name=(name) value="true" checked[field["default"] == true]; (title) } },
            other => { p class="soft" { "A field of type " (other) " that the page cannot show." } },
        }
    }
}
