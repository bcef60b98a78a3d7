//! Polls: the question, the answers with their votes, and a form to vote.

use maud::{Markup, html};
use serde_json::Value;

use super::super::view::{id, list, text};
use super::log::Scene;
use super::parts::count;

pub(super) fn poll(scene: Scene<'_>, message: &Value) -> Markup {
    let poll = &message["poll"];
    let at = id(message, "id").unwrap_or_default();
    let results = &poll["results"];
    let over = results["is_finalized"] == true;
    let several = poll["allow_multiselect"] == true;
    let tally = |answer: u64| {
        let counts = list(results, "answer_counts").iter();
        let mut own = counts.filter(|one| one["id"].as_u64() == Some(answer));
        let found = own.next();
        let votes = found
            .and_then(|one| one["count"].as_u64())
            .unwrap_or_default();
        (votes, found.is_some_and(|one| one["me_voted"] == true))
    };
    let all: u64 = list(results, "answer_counts")
        .iter()
        .filter_map(|one| one["count"].as_u64())
        .sum();
    let own = id(&message["author"], "id") == Some(scene.log.viewer);
    html! {
        form class="poll" method="post" action=(scene.act("vote")) {
            (scene.hidden(at))
            fieldset disabled[over] {
                legend { (text(&poll["question"], "text")) }
                @for answer in list(poll, "answers") {
                    @let number = answer["answer_id"].as_u64().unwrap_or_default();
                    @let (votes, mine) = tally(number);
                    @let media = &answer["poll_media"];
                    label class="answer" {
                        input type=(if several { "checkbox" } else { "radio" }) name="answers" value=(number) checked[mine];
                        span class="grow" { (text(&media["emoji"], "name")) " " bdi { (text(media, "text")) } }
                        span class="number" { (votes) }
                        progress max=(all.max(1)) value=(votes) { (votes) " of " (all) }
                    }
                }
            }
            p class="line soft" {
                (count(all, "vote"))
                @if over { " · closed" } @else if let Some(expiry) = poll["expiry"].as_str() {
                    " · open until " time datetime=(expiry) data-style="f" { (expiry.get(..16).unwrap_or(expiry).replace('T', " ")) }
                }
                span class="grow" {}
                @if !over {
                    button class="small primary" { "Vote" }
                    button class="small" formaction=(scene.act("unvote")) { "Take back" }
                    @if own { button class="small" formaction=(scene.act("end-poll")) { "End now" } }
                }
            }
        }
    }
}
