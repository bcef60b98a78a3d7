//! The reads behind the facts. 403 and 404 mean that there is nothing for the bot to see; an
//! answer of the wrong shape is an error.

use model::{
    ChannelId, GuildId, HandsError, Place, Request, StickerId, UserId, WebhookId, path,
    place::StickerHome,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::Fetch;
use crate::{
    cache::payload::{ChannelPayload, GuildPayload, MemberPayload, UserPayload},
    permissions::{Channel, Guild, Member},
};

#[derive(Deserialize)]
struct WebhookPayload {
    guild_id: Option<GuildId>,
    channel_id: Option<ChannelId>,
}

#[derive(Deserialize)]
struct InvitePayload {
    guild: Option<InvitedGuild>,
    channel: Option<ChannelPayload>,
}

#[derive(Deserialize)]
struct InvitedGuild {
    id: GuildId,
}

#[derive(Deserialize)]
struct StickerPayload {
    /// 1: of a pack of Discord's; 2: of a guild.
    #[serde(rename = "type")]
    kind: u8,
    guild_id: Option<GuildId>,
}

/// Source: Discord documentation, *Sticker Types*.
const STANDARD: u8 = 1;

pub(super) async fn sticker(
    fetch: &dyn Fetch,
    id: StickerId,
) -> Result<Option<StickerHome>, HandsError> {
    let request = Request::get(path!("/stickers/{sticker_id}", sticker_id = id));
    let payload: Option<StickerPayload> = get(fetch, &request).await?;
    Ok(payload.and_then(|payload| match payload.guild_id {
        Some(guild) => Some(StickerHome::Guild(guild)),
        None => (payload.kind == STANDARD).then_some(StickerHome::Discord),
    }))
}

pub(super) async fn bot(fetch: &dyn Fetch) -> Result<UserId, HandsError> {
    let response = fetch.fetch(&Request::get(path!("/users/@me"))).await?;
    let user: UserPayload = decode(response)?;
    Ok(user.id)
}

pub(super) async fn guild(fetch: &dyn Fetch, id: GuildId) -> Result<Option<Guild>, HandsError> {
    let request = Request::get(path!("/guilds/{guild_id}", guild_id = id));
    let payload: Option<GuildPayload> = get(fetch, &request).await?;
    Ok(payload.map(|mut payload| payload.guild()))
}

pub(super) async fn member(
    fetch: &dyn Fetch,
    guild: GuildId,
    user: UserId,
) -> Result<Option<Member>, HandsError> {
    let path = path!(
        "/guilds/{guild_id}/members/{user_id}",
        guild_id = guild,
        user_id = user
    );
    let payload: Option<MemberPayload> = get(fetch, &Request::get(path)).await?;
    Ok(payload.map(|payload| payload.member(None)))
}

pub(super) async fn channel(
    fetch: &dyn Fetch,
    id: ChannelId,
) -> Result<Option<Channel>, HandsError> {
    let request = Request::get(path!("/channels/{channel_id}", channel_id = id));
    let payload: Option<ChannelPayload> = get(fetch, &request).await?;
    Ok(payload.map(|payload| payload.channel(None)))
}

pub(super) async fn channels_of(
    fetch: &dyn Fetch,
    guild: GuildId,
) -> Result<Option<Vec<Channel>>, HandsError> {
    let request = Request::get(path!("/guilds/{guild_id}/channels", guild_id = guild));
    let payload: Option<Vec<ChannelPayload>> = get(fetch, &request).await?;
    Ok(payload.map(|channels| {
        channels
            .into_iter()
            .map(|channel| channel.channel(Some(guild)))
            .collect()
    }))
}

pub(super) async fn webhook(fetch: &dyn Fetch, id: WebhookId) -> Result<Option<Place>, HandsError> {
    let request = Request::get(path!("/webhooks/{webhook_id}", webhook_id = id));
    let payload: Option<WebhookPayload> = get(fetch, &request).await?;
    Ok(payload.map(|payload| Place {
        guild_id: payload.guild_id,
        channel_id: payload.channel_id,
        parent_id: None,
        is_thread: false,
    }))
}

pub(super) async fn invite(fetch: &dyn Fetch, code: &str) -> Result<Option<Place>, HandsError> {
    // Such a code would be another path.
    if matches!(code, "" | "." | "..") {
        return Ok(None);
    }
    let request = Request::get(path!("/invites/{code}", code = code));
    let payload: Option<InvitePayload> = get(fetch, &request).await?;
    Ok(payload.map(|payload| {
        let guild_id = payload.guild.map(|guild| guild.id);
        let channel = payload.channel.map(|channel| channel.channel(guild_id));
        Place {
            guild_id,
            channel_id: channel.as_ref().map(|channel| channel.id),
            parent_id: None,
            is_thread: channel.is_some_and(|channel| channel.is_thread()),
        }
    }))
}

async fn get<T: DeserializeOwned>(
    fetch: &dyn Fetch,
    request: &Request,
) -> Result<Option<T>, HandsError> {
    match fetch.fetch(request).await {
        Ok(response) => decode(response).map(Some),
        Err(HandsError::Api {
            status: 403 | 404, ..
        }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn decode<T: DeserializeOwned>(response: model::Response) -> Result<T, HandsError> {
    let status = response.status;
    serde_json::from_value(response.body).map_err(|error| {
        tracing::warn!(status, %error, "Discord's answer has an unexpected shape");
        HandsError::NotJson { status }
    })
}
