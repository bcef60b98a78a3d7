//! The first screen: how a bot connects, and whom one can be.

use maud::{Markup, html};

use super::super::view::Face;
use super::parts::{avatar_with_status, icon, name};
use super::{Document, document};

/// Where a bot connects.
#[derive(Clone, Debug)]
pub(in super::super) struct Connect {
    pub(in super::super) api_url: String,
    pub(in super::super) gateway_url: String,
    pub(in super::super) control_url: String,
    pub(in super::super) bots: Vec<Bot>,
    pub(in super::super) people: Vec<Face>,
    /// Names, and how many members they have.
    pub(in super::super) guilds: Vec<(String, usize)>,
}

/// A bot with its token.
#[derive(Clone, Debug)]
pub(in super::super) struct Bot {
    pub(in super::super) face: Face,
    pub(in super::super) token: String,
}

pub(in super::super) fn welcome(connect: &Connect) -> Markup {
    let token = connect.bots.first().map_or("", |bot| bot.token.as_str());
    let base = connect.api_url.trim_end_matches("/v10");
    document(&Document {
        title: "Welcome",
        colours: None,
        class: "welcome",
        body: html! {
            main {
                header class="hero" {
                    p class="brand" { span class="mark big" aria-hidden="true" {} }
                    h1 { "A Discord on your machine" }
                    p class="lead" { "Guildhall's sandbox plays Discord: REST, Gateway, people, permissions, rate limits. Nothing here leaves this machine." }
                }
                section aria-labelledby="be" {
                    h2 id="be" { "Be somebody" }
                    p class="soft" {
                        @for (guild, members) in &connect.guilds { bdi { (guild) } " · " (members) " members. " }
                        "Read, write, click and vote as any of them; each sees what their own permissions allow."
                    }
                    ul class="people" {
                        @for face in &connect.people {
                            li { a class="person" href={ "/as/" (face.id) } { (avatar_with_status(face)) (name(face)) } }
                        }
                    }
                }
                section aria-labelledby="connect" {
                    h2 id="connect" { "Connect a bot" }
                    dl class="facts" {
                        (fact("API URL", &connect.api_url))
                        (fact("Gateway", &connect.gateway_url))
                        (fact("Control API", &connect.control_url))
                        @for bot in &connect.bots { (fact(&format!("Token of {}", bot.face.name), &bot.token)) }
                    }
                    div class="recipes" {
                        (recipe("Guildhall", &format!("DISCORD_API_URL={} \\\nDISCORD_TOKEN={token} \\\nguildhall serve --gateway", connect.api_url)))
                        (recipe("discord.js", &format!("const client = new Client({{\n  intents: [\"Guilds\", \"GuildMessages\", \"MessageContent\"],\n  rest: {{ api: \"{base}\" }},\n}});\nclient.login(\"{token}\");")))
                        (recipe("discord.py", &format!("import discord, yarl\n\ndiscord.http.Route.BASE = \"{}\"\ndiscord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(\n    \"{}\")\n\nclient.run(\"{token}\")", connect.api_url, connect.gateway_url)))
                        (recipe("serenity", &format!("let http = HttpBuilder::new(\"{token}\")\n    .proxy(\"{}\")\n    .ratelimiter_disabled(true)\n    .build();", base.trim_end_matches("/api"))))
                        (recipe("curl", &format!("curl -s {}/users/@me \\\n  -H 'authorization: Bot {token}'", connect.api_url)))
                    }
                }
                section aria-labelledby="watch" {
                    h2 id="watch" { "Watch it work" }
                    p { "The last requests, events, sessions and rate limits, and switches for faults." }
                    p { a class="button" href="/debug" { (icon("pulse")) " Open the traffic" } }
                }
            }
        },
    })
}

fn fact(term: &str, value: &str) -> Markup {
    html! { div { dt { (term) } dd { code data-copy { (value) } } } }
}

fn recipe(title: &str, text: &str) -> Markup {
    html! {
        details name="recipe" {
            summary { (title) }
            pre { code data-copy { (text) } }
        }
    }
}
