//! Facts without ears: each is read from Discord, remembered for seconds, and unknown means no.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use discord::{
    cache::Cache,
    facts::{Facts, Fetch},
};
use model::{
    HandsError, Id, ManualClock, Permissions, Place, Request, Response, RoleId, Surroundings,
    place::{Aim, Standing, StickerHome, Subject, Writer},
};
use serde_json::{Value, json};

/// Answers by path, and what was asked.
#[derive(Default)]
struct Discord {
    answers: Mutex<HashMap<String, Result<Value, HandsError>>>,
    asked: Mutex<Vec<String>>,
}

impl Discord {
    fn says(&self, path: &str, answer: Value) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(path.to_owned(), Ok(answer));
    }

    fn fails(&self, path: &str, error: HandsError) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(path.to_owned(), Err(error));
    }

    fn asked(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == path).count()
    }
}

fn api(status: u16) -> HandsError {
    HandsError::Api {
        status,
        code: 0,
        message: "no".to_owned(),
        fields: vec![],
    }
}

#[async_trait]
impl Fetch for Discord {
    async fn fetch(&self, request: &Request) -> Result<Response, HandsError> {
        let path = request.path.text.clone();
        self.asked.lock().unwrap().push(path.clone());
        tokio::task::yield_now().await;
        let answer = self.answers.lock().unwrap().get(&path).cloned();
        let body = answer.unwrap_or_else(|| Err(api(404)))?;
        Ok(Response { status: 200, body })
    }
}

fn id<K>(value: u64) -> Id<K> {
    Id::new(value).unwrap()
}

/// Guild 100 of user 1; the bot (2) holds the role 10; #general (500) has a thread (600), and
/// #vault (501) is hidden from everyone.
fn town() -> (Arc<Discord>, Facts) {
    let discord = Arc::new(Discord::default());
    let everyone = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES;
    discord.says("/users/@me", json!({"id": "2", "bot": true}));
    discord.says(
        "/guilds/100",
        json!({"id": "100", "owner_id": "1", "roles": [
            {"id": "100", "name": "@everyone", "position": 0, "permissions": everyone},
            {"id": "10", "name": "bots", "position": 1, "permissions": "0"},
            {"id": "11", "name": "wardens", "position": 2, "permissions": Permissions::MANAGE_ROLES},
        ]}),
    );
    discord.says(
        "/guilds/100/members/2",
        json!({"user": {"id": "2"}, "roles": ["10"]}),
    );
    let vault = json!({"id": "501", "type": 0, "guild_id": "100", "name": "vault",
        "permission_overwrites": [{"id": "100", "type": 0, "allow": "0", "deny": "1024"}]});
    let general = json!({"id": "500", "type": 0, "guild_id": "100", "name": "general",
        "parent_id": "400", "permission_overwrites": []});
    discord.says("/channels/500", general.clone());
    discord.says(
        "/channels/600",
        json!({"id": "600", "type": 11, "guild_id": "100", "name": "plans", "parent_id": "500"}),
    );
    discord.fails("/channels/501", api(403));
    discord.says("/guilds/100/channels", json!([general, vault]));
    let facts = Facts::new(discord.clone(), None, Arc::new(ManualClock::at(0)));
    (discord, facts)
}

#[tokio::test]
async fn a_thread_is_found_with_its_parent() {
    let (discord, facts) = town();
    let expected = Place {
        guild_id: Some(id(100)),
        channel_id: Some(id(600)),
        parent_id: Some(id(500)),
        is_thread: true,
    };
    for _ in 0..3 {
        assert_eq!(facts.channel(id(600)).await.unwrap(), Some(expected));
    }
    assert_eq!(discord.asked("/channels/600"), 1);
}

#[tokio::test]
async fn the_bot_is_known_once_something_had_to_ask() {
    let (discord, facts) = town();
    assert_eq!(facts.known_bot(), None);
    assert_eq!(discord.asked("/users/@me"), 0);
    facts
        .lacks(Subject::Bot, id(100), None, Permissions::BAN_MEMBERS)
        .await
        .unwrap();
    assert_eq!(facts.known_bot(), Some(id(2)));
}

#[tokio::test]
async fn many_who_ask_at_once_cause_one_read() {
    let (discord, facts) = town();
    let ask = || {
        facts.lacks(
            Subject::Bot,
            id(100),
            Some(id(500)),
            Permissions::BAN_MEMBERS,
        )
    };
    let answers = futures_util::future::join_all((0..20).map(|_| ask())).await;
    for lacks in answers {
        assert_eq!(lacks.unwrap()[0].permission, "BAN_MEMBERS");
    }
    for path in [
        "/users/@me",
        "/guilds/100",
        "/guilds/100/members/2",
        "/channels/500",
    ] {
        assert_eq!(discord.asked(path), 1, "{path}");
    }
}

#[tokio::test]
async fn a_thread_follows_its_parent_and_lacks_by_the_name_that_governs() {
    let (_, facts) = town();
    let needs = Permissions::SEND_MESSAGES;
    let lacks = facts
        .lacks(Subject::Bot, id(100), Some(id(600)), needs)
        .await;
    assert_eq!(lacks.unwrap()[0].permission, "SEND_MESSAGES_IN_THREADS");
    let lacks = facts
        .lacks(Subject::Bot, id(100), Some(id(500)), needs)
        .await;
    assert_eq!(lacks.unwrap(), []);
}

#[tokio::test]
async fn a_hidden_channel_is_explained_by_its_overwrite() {
    let (_, facts) = town();
    let needs = Permissions::VIEW_CHANNEL;
    let lacks = facts
        .lacks(Subject::Bot, id(100), Some(id(501)), needs)
        .await;
    assert_eq!(
        lacks.unwrap()[0].because,
        "denied by the overwrite for @everyone in #vault"
    );
}

#[tokio::test]
async fn what_is_unknown_is_no() {
    let (_, facts) = town();
    let needs = Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
    let somewhere_else = facts.lacks(Subject::Bot, id(999), None, needs).await;
    assert_eq!(somewhere_else.unwrap().len(), 2);
    let stranger = Subject::Member(id(77));
    let lacks = facts.lacks(stranger, id(100), None, needs).await.unwrap();
    assert_eq!(lacks[0].because, "user 77 is not a member of guild 100");
    let unknown = facts.lacks(Subject::Bot, id(100), Some(id(9)), needs).await;
    assert_eq!(unknown.unwrap().len(), 2);
    assert!(!facts.is_member_of(id(999)).await.unwrap());
    assert_eq!(facts.channel(id(9)).await.unwrap(), None);
    assert_eq!(facts.invite("..").await.unwrap(), None);
}

#[tokio::test]
async fn a_channel_of_another_guild_is_no_place_of_this_one() {
    let (discord, facts) = town();
    discord.says(
        "/channels/700",
        json!({"id": "700", "type": 0, "guild_id": "200", "name": "abroad"}),
    );
    let needs = Permissions::VIEW_CHANNEL;
    let lacks = facts
        .lacks(Subject::Bot, id(100), Some(id(700)), needs)
        .await;
    assert_eq!(lacks.unwrap().len(), 1);
}

#[tokio::test]
async fn an_error_stays_an_error_and_is_not_remembered() {
    let (discord, facts) = town();
    let broken = HandsError::Unreachable {
        detail: "refused".to_owned(),
    };
    discord.fails("/guilds/100", broken.clone());
    assert_eq!(facts.is_member_of(id(100)).await, Err(broken));
    discord.says(
        "/guilds/100",
        json!({"id": "100", "owner_id": "1", "roles": []}),
    );
    assert_eq!(facts.is_member_of(id(100)).await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn facts_age_and_can_be_forgotten() {
    let (discord, facts) = town();
    let needs = Permissions::SEND_MESSAGES;
    let lacks = || facts.lacks(Subject::Bot, id(100), Some(id(500)), needs);
    assert_eq!(lacks().await.unwrap(), []);
    discord.says(
        "/channels/500",
        json!({"id": "500", "type": 0, "guild_id": "100", "name": "general",
            "permission_overwrites": [{"id": "10", "type": 0, "allow": "0", "deny": "2048"}]}),
    );
    assert_eq!(lacks().await.unwrap(), [], "still believed");
    facts.forget(id(100));
    assert_eq!(
        lacks().await.unwrap()[0].because,
        "denied by the overwrite for the role \"bots\" in #general"
    );
    discord.says(
        "/channels/500",
        json!({"id": "500", "type": 0, "guild_id": "100", "name": "general"}),
    );
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(lacks().await.unwrap(), [], "read anew");
}

#[tokio::test]
async fn rank_is_judged_and_strangers_have_none() {
    let (discord, facts) = town();
    discord.says(
        "/guilds/100/members/8",
        json!({"user": {"id": "8"}, "roles": ["11"]}),
    );
    let outranked = |aim| facts.outranked(Subject::Bot, id(100), aim);
    assert!(outranked(Aim::Member(id(8))).await.unwrap().is_some());
    assert_eq!(outranked(Aim::Member(id(77))).await.unwrap(), None);
    assert!(outranked(Aim::Role(id(11))).await.unwrap().is_some());
    assert!(outranked(Aim::Role(id(12))).await.unwrap().is_some());
}

#[tokio::test]
async fn webhooks_and_invites_lead_to_places() {
    let (discord, facts) = town();
    discord.says(
        "/webhooks/30",
        json!({"id": "30", "type": 1, "guild_id": "100", "channel_id": "500"}),
    );
    discord.says(
        "/invites/abc",
        json!({"code": "abc", "guild": {"id": "300"}, "channel": {"id": "301", "type": 0, "name": "x"}}),
    );
    let hook = facts.webhook(id(30)).await.unwrap().unwrap();
    assert_eq!(
        (hook.guild_id, hook.parent_id),
        (Some(id(100)), Some(id(400)))
    );
    let invite = facts.invite("abc").await.unwrap().unwrap();
    assert_eq!(
        (invite.guild_id, invite.channel_id),
        (Some(id(300)), Some(id(301)))
    );
    assert_eq!(facts.webhook(id(31)).await.unwrap(), None);
}

#[tokio::test]
async fn a_sticker_is_of_a_guild_or_of_discords_own() {
    let (discord, facts) = town();
    discord.says(
        "/stickers/1",
        json!({"id": "1", "type": 2, "guild_id": "300"}),
    );
    discord.says("/stickers/2", json!({"id": "2", "type": 1}));
    discord.says("/stickers/3", json!({"id": "3", "type": 2}));
    let home = async |sticker| facts.sticker(id(sticker)).await.unwrap();
    assert_eq!(home(1).await, Some(StickerHome::Guild(id(300))));
    assert_eq!(home(2).await, Some(StickerHome::Discord));
    assert_eq!(home(3).await, None, "a guild's, and nobody knows which");
    assert_eq!(home(4).await, None);
}

#[tokio::test]
async fn writers_are_known_by_their_roles_and_strangers_not_at_all() {
    let (discord, facts) = town();
    discord.says(
        "/guilds/100/members/8",
        json!({"user": {"id": "8"}, "roles": ["11"]}),
    );
    discord.says(
        "/guilds/100/members/9",
        json!({"user": {"id": "9", "bot": true}, "roles": ["11"]}),
    );
    let trusted = BTreeSet::from([id(11)]);
    let stands = async |user, roles: Option<&[RoleId]>| {
        let user = id(user);
        let writer = Writer { user, roles };
        facts.stands(id(100), writer, &trusted).await.unwrap()
    };
    assert_eq!(stands(8, None).await, Some(Standing::Trusted));
    assert_eq!(stands(9, None).await, Some(Standing::Bot));
    assert_eq!(stands(77, None).await, None);
    assert_eq!(stands(77, Some(&[])).await, Some(Standing::Below));
    assert_eq!(stands(77, Some(&[id(11)])).await, Some(Standing::Trusted));
    assert_eq!(discord.asked("/guilds/100/members/77"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_ears_cache_answers_first_but_not_right_after_a_change() {
    let (discord, _) = town();
    let cache = Arc::new(Cache::of_the_bot());
    for (kind, data) in [
        ("READY", json!({"user": {"id": "2"}})),
        (
            "GUILD_CREATE",
            json!({"id": "100", "owner_id": "1", "roles": [], "channels": [{"id": "500", "type": 0}],
                "members": [{"user": {"id": "2"}, "roles": []}]}),
        ),
    ] {
        cache.apply(kind, &data.to_string()).unwrap();
    }
    cache.set_live(true);
    let facts = Facts::new(discord.clone(), Some(cache), Arc::new(ManualClock::at(0)));
    let needs = Permissions::SEND_MESSAGES;
    let lacks = || facts.lacks(Subject::Bot, id(100), Some(id(500)), needs);
    assert_eq!(lacks().await.unwrap().len(), 1);
    assert!(discord.asked.lock().unwrap().is_empty());
    facts.forget(id(100));
    assert_eq!(lacks().await.unwrap(), [], "REST knows better now");
}
