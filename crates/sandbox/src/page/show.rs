//! Screens that are only looked at: the first one, and channels as one person sees them.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::StatusCode;
use serde::Deserialize;

use super::Page;
use super::debug::{Debug, Filter, Tab};
use super::html::{self, Bot, Connect, Told};
use super::view::{self, Asked, Face};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::message::page::Page as Messages;

/// People and bots on the first screen.
const MAX_FACES: usize = 40;

/// What an address of a channel may carry.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Wish {
    before: Option<Snowflake>,
    after: Option<Snowflake>,
    around: Option<Snowflake>,
    reply: Option<Snowflake>,
    edit: Option<Snowflake>,
    thread: Option<Snowflake>,
    forward: Option<Snowflake>,
    modal: Option<Snowflake>,
    pins: Option<String>,
    notice: Option<String>,
    pub(super) side: Option<String>,
    #[serde(default)]
    find: String,
    #[serde(default)]
    only: String,
}

impl Wish {
    fn asked(&self) -> Asked {
        let page = match (self.around, self.before, self.after) {
            (Some(id), _, _) => Messages::Around(id),
            (_, Some(id), _) => Messages::Before(id),
            (_, _, Some(id)) => Messages::After(id),
            _ => Messages::Newest,
        };
        Asked {
            page,
            reply: self.reply,
            edit: self.edit,
            thread: self.thread,
            forward: self.forward,
            modal: self.modal,
            pins: self.pins.is_some(),
        }
    }

    fn tab(&self) -> Option<Tab> {
        Tab::named(self.side.as_deref()?)
    }
}

/// `GET /`
pub(super) async fn welcome(State(page): State<Arc<Page>>) -> Response {
    let connect = page.desk.shared.read(connect);
    Html(html::welcome(&connect).into_string()).into_response()
}

fn connect(world: &World) -> Connect {
    let addresses = world.addresses();
    let faces = |bots: bool| {
        let chosen = world.users.values().filter(move |user| user.bot == bots);
        chosen
            .take(MAX_FACES)
            .map(|user| Face::of(world, None, user.id))
    };
    let bots = faces(true).filter_map(|face| {
        let token = world.application_of(face.id)?.token.clone();
        Some(Bot { face, token })
    });
    let guilds = world.guilds.values();
    Connect {
        api_url: format!("{}/api/v10", addresses.http),
        gateway_url: addresses.gateway.clone(),
        control_url: format!("{}/control", addresses.http),
        bots: bots.collect(),
        people: faces(false).collect(),
        guilds: guilds
            .take(MAX_FACES)
            .map(|guild| (guild.name.clone(), guild.members.len()))
            .collect(),
    }
}

/// `GET /as/{user}`: wherever the person can go first.
pub(super) async fn home(State(page): State<Arc<Page>>, Path(user): Path<Snowflake>) -> Response {
    let place = page.desk.shared.read(|world| {
        let guilds = world.guilds_of(user);
        let in_guild = guilds
            .iter()
            .find_map(|guild| first_channel(world, user, *guild));
        in_guild.or_else(|| first_direct(world, user))
    });
    match place {
        Some(channel) => Redirect::to(&format!("/as/{user}/channels/{channel}")).into_response(),
        None => nothing(
            &page,
            user,
            "This person is in no guild and has no direct messages.",
        ),
    }
}

/// `GET /as/{user}/guilds/{guild}`
pub(super) async fn guild(
    State(page): State<Arc<Page>>,
    Path((user, guild)): Path<(Snowflake, Snowflake)>,
) -> Response {
    let place = page
        .desk
        .shared
        .read(|world| first_channel(world, user, guild));
    match place {
        Some(channel) => Redirect::to(&format!("/as/{user}/channels/{channel}")).into_response(),
        None => nothing(&page, user, "This person sees no channel of that guild."),
    }
}

/// The first channel with messages that the person sees: one to write in before one to read.
fn first_channel(world: &World, user: Snowflake, guild: Snowflake) -> Option<Snowflake> {
    let channels = world.channels_of(guild).into_iter();
    let visible: Vec<_> = channels
        .filter(|channel| world.is_member(guild, user) && world.may_view(user, channel.id))
        .filter(|channel| channel.kind.has_messages() && !channel.kind.is_voice())
        .collect();
    let open =
        |id: Snowflake| world.permissions_in(user, id) & crate::permissions::SEND_MESSAGES != 0;
    let writable = visible.iter().find(|channel| open(channel.id));
    writable
        .or_else(|| visible.first())
        .map(|channel| channel.id)
}

fn first_direct(world: &World, user: Snowflake) -> Option<Snowflake> {
    let mut own = world
        .channels
        .values()
        .filter(|it| it.recipients.contains(&user));
    own.next().map(|channel| channel.id)
}

/// `GET /as/{user}/channels/{channel}`
pub(super) async fn channel(
    State(page): State<Arc<Page>>,
    Path((user, channel)): Path<(Snowflake, Snowflake)>,
    Query(wish): Query<Wish>,
) -> Response {
    let told = Told {
        notice: wish.notice.as_deref().and_then(told_by).map(str::to_owned),
        ..Told::default()
    };
    screen(&page, user, channel, &wish, &told, StatusCode::OK)
}

/// Words for what a redirect has to tell; never the text of an address.
fn told_by(notice: &str) -> Option<&'static str> {
    match notice {
        "no-answer" => Some("The application did not respond within three seconds."),
        _ => None,
    }
}

/// A channel with a notice; what nobody sees is not found.
pub(super) fn screen(
    page: &Page,
    user: Snowflake,
    channel: Snowflake,
    wish: &Wish,
    told: &Told,
    status: StatusCode,
) -> Response {
    let asked = wish.asked();
    let view = page
        .desk
        .shared
        .read(|world| view::channel_page(world, user, channel, &asked));
    let Some(view) = view else {
        return nothing(
            page,
            user,
            "There is no such channel, or this person may not see it.",
        );
    };
    let here = format!("/as/{user}/channels/{channel}");
    let traffic = wish.tab().map(|tab| {
        let filter = Filter {
            text: wish.find.clone(),
            only: wish.only.clone(),
        };
        let debug = Debug::gather(page, tab, filter);
        html::debug_side(&debug, &page.token, &here)
    });
    let screen = html::screen(&view, &page.token, told, traffic.as_ref());
    (status, Html(screen.into_string())).into_response()
}

/// Nothing to see for this person.
pub(super) fn nothing(page: &Page, user: Snowflake, why: &str) -> Response {
    let frame = page.desk.shared.read(|world| {
        let known = world.users.contains_key(&user);
        let guild = world.guilds_of(user).first().copied();
        known.then(|| view::frame(world, user, guild, None))
    });
    match frame {
        Some(frame) => {
            let screen = html::nothing_here(&frame, &page.token, why);
            (StatusCode::NOT_FOUND, Html(screen.into_string())).into_response()
        }
        None => Redirect::to("/").into_response(),
    }
}
