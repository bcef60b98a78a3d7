//! Where one writes: a message, an answer, a change, a thread, a poll; and the commands there are.

use maud::{Markup, html};
use serde_json::Value;

use super::super::view::{ChannelPage, Command, Parameter, Picks, id, text};
use super::parts::{hidden, icon};
use crate::snowflake::Snowflake;

/// Discord's limit for a message.
const MAX_CONTENT: &str = "2000";
/// Answers of a poll.
const POLL_ANSWERS: usize = 6;

/// The composer; `draft` is what was typed before it was refused.
pub(super) fn composer(page: &ChannelPage, token: &str, draft: &str) -> Markup {
    let viewer = page.frame.viewer.id;
    let act = |verb: &str| format!("/as/{viewer}/do/{verb}");
    let here = format!("/as/{viewer}/channels/{}", page.head.id);
    if let Some(message) = &page.edit {
        return editing(page, token, message, &act("edit"), &here);
    }
    if let Some(message) = &page.thread {
        return beginning(page, token, message, &act("thread"), &here);
    }
    if let Some(message) = &page.forward {
        return forwarding(page, token, message, &act("forward"), &here);
    }
    if !page.can.write {
        return html! {
            p id="compose" class="soft closed" { bdi { (page.frame.viewer.name) } " may not write here." }
        };
    }
    let place = page.head.title();
    html! {
        div id="compose" {
            form method="post" action=(act("send")) enctype="multipart/form-data" class="composer" {
                (hidden(token, page.head.id))
                @if let Some(reply) = &page.reply {
                    p class="answering" { (icon("reply")) "Replying to " strong { bdi { (text(&reply["author"], "username")) } }
                        input type="hidden" name="reply" value=(id(reply, "id").unwrap_or_default());
                        label class="check" { input type="checkbox" name="ping" value="1" checked; "mention" }
                        a href=(here) { "Cancel" }
                    }
                }
                label class="grow" { span class="hidden" { "Message to " (place) }
                    textarea name="content" rows="1" maxlength=(MAX_CONTENT) placeholder={ "Write to " (place) } data-write { (draft) }
                }
                @if page.can.attach {
                    label class="attach" title="Attach files" { (icon("attach")) span class="told hidden" data-files { "Attach files" } input type="file" name="files" multiple; }
                }
                button class="primary" { "Send" }
            }
            div class="tools" {
                (commands(page, token))
                @if page.can.poll { (new_poll(page, token)) }
                (expressions(page, token))
                @if page.can.thread { (new_thread(page, token)) }
                p id="typing" class="soft" role="status" {}
            }
        }
    }
}

fn editing(page: &ChannelPage, token: &str, message: &Value, act: &str, here: &str) -> Markup {
    html! {
        div id="compose" {
            form method="post" action=(act) class="composer" {
                (hidden(token, page.head.id))
                input type="hidden" name="message" value=(id(message, "id").unwrap_or_default());
                p class="answering" { "Changing your message" a href=(here) { "Cancel" } }
                label class="grow" { span class="hidden" { "Message" } textarea name="content" rows="3" maxlength=(MAX_CONTENT) autofocus data-write { (text(message, "content")) } }
                button class="primary" { "Save" }
            }
        }
    }
}

fn beginning(page: &ChannelPage, token: &str, message: &Value, act: &str, here: &str) -> Markup {
    html! {
        div id="compose" {
            form method="post" action=(act) class="composer" {
                (hidden(token, page.head.id))
                input type="hidden" name="message" value=(id(message, "id").unwrap_or_default());
                p class="answering" { "A thread from the message of " strong { bdi { (text(&message["author"], "username")) } } a href=(here) { "Cancel" } }
                label class="grow" { span class="hidden" { "Name of the thread" } input name="name" maxlength="100" required autofocus placeholder="Name of the thread" autocomplete="off"; }
                button class="primary" { "Begin" }
            }
        }
    }
}

fn forwarding(page: &ChannelPage, token: &str, message: &Value, act: &str, here: &str) -> Markup {
    html! {
        div id="compose" {
            form method="post" action=(act) class="composer" {
                (hidden(token, page.head.id))
                input type="hidden" name="message" value=(id(message, "id").unwrap_or_default());
                p class="answering" { "Forwarding the message of " strong { bdi { (text(&message["author"], "username")) } } a href=(here) { "Cancel" } }
                label class="grow" { span class="hidden" { "Channel to forward to" }
                    select name="to" autofocus {
                        @for (id, name) in &page.targets { option value=(id) { "#" (name) } }
                        option value=(page.head.id) { "this channel" }
                    }
                }
                button class="primary" { "Forward" }
            }
        }
    }
}

fn new_thread(page: &ChannelPage, token: &str) -> Markup {
    html! {
        details name="tool" {
            summary { "Thread" }
            form method="post" action={ "/as/" (page.frame.viewer.id) "/do/thread" } class="stack panel" {
                (hidden(token, page.head.id))
                label { "Name" input name="name" maxlength="100" required autocomplete="off"; }
                label class="check" { input type="checkbox" name="private" value="1"; "Only for those who are invited" }
                p { button class="primary" { "Begin a thread" } }
            }
        }
    }
}

fn new_poll(page: &ChannelPage, token: &str) -> Markup {
    html! {
        details name="tool" {
            summary { "Poll" }
            form method="post" action={ "/as/" (page.frame.viewer.id) "/do/poll" } class="stack panel" {
                (hidden(token, page.head.id))
                label { "Question" input name="question" maxlength="300" required autocomplete="off"; }
                @for number in 1..=POLL_ANSWERS {
                    label { "Answer " (number) input name="answer" maxlength="55" required[number <= 2] autocomplete="off"; }
                }
                label { "Hours" input type="number" name="hours" min="1" max="768" value="24"; }
                label class="check" { input type="checkbox" name="several" value="1"; "Several answers" }
                p { button class="primary" { "Ask" } }
            }
        }
    }
}

/// Custom emojis are listed to be copied, stickers to be sent.
fn expressions(page: &ChannelPage, token: &str) -> Markup {
    html! {
        @if !page.emojis.is_empty() || !page.stickers.is_empty() {
            details name="tool" {
                summary { "Emojis and stickers" }
                form method="post" action={ "/as/" (page.frame.viewer.id) "/do/send" } class="stack panel" {
                    (hidden(token, page.head.id))
                    @if !page.emojis.is_empty() {
                        p { @for emoji in &page.emojis { code data-copy data-insert={ "<:" (emoji) ">" } { "<:" (emoji) ">" } " " } }
                    }
                    @if !page.stickers.is_empty() {
                        p class="line" { @for (id, name) in &page.stickers { button class="small" name="sticker" value=(id) { (name) } } }
                    }
                }
            }
        }
    }
}

fn commands(page: &ChannelPage, token: &str) -> Markup {
    html! {
        details id="commands" name="tool" {
            summary { "Commands" span class="soft" { " " (page.commands.len()) } }
            div class="panel" {
                @if page.commands.is_empty() { p class="soft" { "No bot here has registered any." } }
                @for command in &page.commands { (one_command(page, token, command)) }
            }
        }
    }
}

fn one_command(page: &ChannelPage, token: &str, command: &Command) -> Markup {
    let path = command.path.join(" ");
    html! {
        details class="command" name="command" data-command=(path) {
            summary { strong { "/" (path) } " " span class="soft" { (command.description) " · " bdi { (command.bot) } } }
            form method="post" action={ "/as/" (page.frame.viewer.id) "/do/run" } enctype="multipart/form-data" class="stack" {
                (hidden(token, page.head.id))
                input type="hidden" name="application" value=(command.application);
                input type="hidden" name="path" value=(path);
                @for parameter in &command.parameters { (field(parameter, &page.picks)) }
                p { button class="primary" { "Use /" (path) } }
            }
        }
    }
}

/// Discord: Application Command Option Type.
fn field(parameter: &Parameter, picks: &Picks) -> Markup {
    let name = format!("o:{}", parameter.name);
    let required = parameter.required;
    html! {
        label {
            span { (parameter.name) @if !required { span class="soft" { " (optional)" } } " " span class="soft" { (parameter.description) } }
            @if !parameter.choices.is_empty() {
                select name=(name) required[required] {
                    option value="" {}
                    @for (shown, value) in &parameter.choices { option value=(plain(value)) { (shown) } }
                }
            } @else {
                @match parameter.kind {
                    5 => { select name=(name) required[required] { option value="" {} option value="true" { "yes" } option value="false" { "no" } } },
                    6 => (pick(&name, required, "@", &[&picks.users])),
                    7 => (pick(&name, required, "#", &[&picks.channels])),
                    8 => (pick(&name, required, "@", &[&picks.roles])),
                    9 => (pick(&name, required, "@", &[&picks.users, &picks.roles])),
                    4 => { input type="number" name=(name) step="1" required[required]; },
                    10 => { input type="number" name=(name) step="any" required[required]; },
                    11 => { input type="file" name=(name) required[required]; },
                    _ => { input name=(name) required[required] autocomplete="off" data-complete[parameter.autocomplete]; },
                }
            }
        }
    }
}

/// A choice's value as a form sends it.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn pick(name: &str, required: bool, sign: &str, lists: &[&Vec<(Snowflake, String)>]) -> Markup {
    html! {
        select name=(name) required[required] {
            option value="" {}
            @for list in lists { @for (id, shown) in *list { option value=(id) { (sign) (shown) } } }
        }
    }
}
