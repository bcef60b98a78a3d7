//! A forum: its posts, and a form for a new one.

use maud::{Markup, html};

use super::super::markdown;
use super::super::view::ChannelPage;
use super::parts::{avatar, count, day, hidden, name};

pub(super) fn forum(page: &ChannelPage, token: &str) -> Markup {
    let viewer = page.frame.viewer.id;
    let names = markdown::Names {
        link: false,
        ..page.post_names.clone()
    };
    html! {
        @if page.can.write {
            details id="compose" class="new-post" {
                summary class="button" { "New post" }
                form method="post" action={ "/as/" (viewer) "/do/post" } enctype="multipart/form-data" class="stack" {
                    (hidden(token, page.head.id))
                    label { "Title" input name="name" required maxlength="100" autocomplete="off"; }
                    label { "Message" textarea name="content" rows="4" maxlength="2000" required {} }
                    @if !page.head.tags.is_empty() {
                        fieldset { legend { "Tags" }
                            @for (id, tag) in &page.head.tags { label class="check" { input type="checkbox" name="tags" value=(id); (tag) } }
                        }
                    }
                    p { button class="primary" { "Post" } }
                }
            }
        }
        @if page.posts.is_empty() { p class="soft beginning" { "No posts yet." } }
        ul class="posts" {
            @for post in &page.posts {
                li {
                    a class="post" href={ "/as/" (viewer) "/channels/" (post.id) } {
                        span class="tags" {
                            @if post.pinned { span class="badge" { "PINNED" } }
                            @if post.archived { span class="badge" { "ARCHIVED" } }
                            @for tag in &post.tags { span class="tag" { (tag) } }
                        }
                        strong { bdi { (post.title) } }
                        @if !post.begins.is_empty() { span class="begins" dir="auto" { (markdown::line(&post.begins.chars().take(180).collect::<String>(), &names)) } }
                        span class="soft line" { (avatar(&post.author)) (name(&post.author)) " · " (count(post.answers, "answer")) " · " (day(post.last_ms)) }
                    }
                }
            }
        }
    }
}
