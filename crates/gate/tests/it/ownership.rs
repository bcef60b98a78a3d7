//! What one's own is: the permissions that an owner does not need, and the words that are marked.

use std::sync::atomic::Ordering;

use gate::{Answer, Declined};
use model::{Call, HandsError, Origin, Permissions, UserId};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, planned, user};

const DELETE: &str = "discord_delete_message";
const ARCHIVE: &str = "discord_archive_thread";
const MESSAGE: &str = "/channels/10/messages/500";
const THREAD: &str = "/channels/11";
const BOT: u64 = 99;
const ADA: u64 = 5;

fn message_by(world: &World, author: u64) {
    let message = json!({"id": "500", "channel_id": "10", "content": "words",
        "author": {"id": author.to_string(), "username": "someone"}});
    says(world, MESSAGE, Ok(message));
}

fn thread_of(world: &World, owner: u64, locked: bool) {
    let thread = json!({"id": "11", "type": 11, "owner_id": owner.to_string(),
        "thread_metadata": {"archived": false, "locked": locked}});
    says(world, THREAD, Ok(thread));
}

fn says(world: &World, path: &str, answer: Result<Value, HandsError>) {
    let mut live = world.hands.live.lock().unwrap();
    live.insert(path.to_owned(), answer);
}

fn delete() -> Value {
    json!({"channel_id": "10", "message_id": "500"})
}

fn for_user(user: UserId, tool: &str, arguments: Value) -> Call {
    Call {
        origin: Origin::Discord {
            user,
            channel: None,
        },
        ..asked(tool, arguments)
    }
}

fn bot_lacks(permissions: Permissions) -> World {
    let world = World::new();
    *world.facts.bot_lacks.lock().unwrap() = permissions;
    world
}

fn asker_lacks(permissions: Permissions) -> World {
    let world = World::new();
    *world.facts.member_lacks.lock().unwrap() = permissions;
    world
}

fn reads(world: &World, path: &str) -> usize {
    let reads = world.hands.reads.lock().unwrap();
    reads.iter().filter(|read| *read == path).count()
}

fn code(result: Result<Answer, Declined>) -> String {
    declined(result).code().to_owned()
}

#[tokio::test]
async fn the_bot_deletes_its_own_message_without_managing_messages() {
    let world = bot_lacks(Permissions::MANAGE_MESSAGES);
    message_by(&world, BOT);
    let plan = planned(world.ask(DELETE, delete()).await);
    assert_eq!(
        plan.checks[5].verdict.reason().message,
        "the bot has VIEW_CHANNEL; the bot created it and needs no MANAGE_MESSAGES"
    );
    assert_eq!(reads(&world, MESSAGE), 1);
    let mut confirmed = delete();
    confirmed["confirm"] = plan.confirm.unwrap().token.into();
    done(world.ask(DELETE, confirmed).await);
    assert_eq!((world.sent(), reads(&world, MESSAGE)), (1, 2));
}

#[tokio::test]
async fn others_messages_still_take_the_permission() {
    let world = bot_lacks(Permissions::MANAGE_MESSAGES);
    message_by(&world, ADA);
    let refused = world.ask(DELETE, delete()).await;
    assert_eq!(code(refused), "bot_lacks_permission");
    // What cannot be seen is nobody's.
    let gone = HandsError::Api {
        status: 404,
        code: 10008,
        message: "Unknown Message".to_owned(),
        fields: vec![],
    };
    says(&world, MESSAGE, Err(gone));
    let refused = world.ask(DELETE, delete()).await;
    assert_eq!(code(refused), "bot_lacks_permission");
    says(&world, MESSAGE, Err(HandsError::TimedOut));
    assert_eq!(code(world.ask(DELETE, delete()).await), "timed_out");
}

#[tokio::test]
async fn each_subject_owns_only_what_is_theirs() {
    let world = asker_lacks(Permissions::MANAGE_MESSAGES);
    message_by(&world, ADA);
    let own = world.call(for_user(user(ADA), DELETE, delete())).await;
    assert_eq!(
        planned(own).checks[5].verdict.reason().message,
        "the bot and the user who asked have VIEW_CHANNEL; the user who asked created \
         it and needs no MANAGE_MESSAGES"
    );
    let other = world.call(for_user(user(6), DELETE, delete())).await;
    assert_eq!(code(other), "asker_lacks_permission");
    // The bot's own message is not the asker's, nor the asker's the bot's.
    message_by(&world, BOT);
    let bots = world.call(for_user(user(ADA), DELETE, delete())).await;
    assert_eq!(code(bots), "asker_lacks_permission");
    let world = bot_lacks(Permissions::MANAGE_MESSAGES);
    message_by(&world, ADA);
    let askers = world.call(for_user(user(ADA), DELETE, delete())).await;
    assert_eq!(code(askers), "bot_lacks_permission");
}

#[tokio::test]
async fn a_thread_is_archived_by_whoever_created_it_unless_it_is_locked() {
    let world = bot_lacks(Permissions::MANAGE_THREADS);
    let archive = json!({"thread_id": "11", "dry_run": false});
    thread_of(&world, BOT, false);
    done(world.ask(ARCHIVE, archive.clone()).await);
    assert_eq!(reads(&world, THREAD), 1);
    for (owner, locked) in [(BOT, true), (ADA, false)] {
        thread_of(&world, owner, locked);
        let refused = world.ask(ARCHIVE, archive.clone()).await;
        assert_eq!(code(refused), "bot_lacks_permission");
    }
    assert_eq!(world.sent(), 1);
}

#[tokio::test]
async fn a_refusal_by_discord_does_not_blame_what_the_owner_does_not_need() {
    let world = bot_lacks(Permissions::MANAGE_THREADS);
    thread_of(&world, BOT, false);
    *world.hands.answer.lock().unwrap() = Err(HandsError::Api {
        status: 403,
        code: 50083,
        message: "Thread is archived".to_owned(),
        fields: vec![],
    });
    let archive = json!({"thread_id": "11", "dry_run": false});
    let failed = declined(world.ask(ARCHIVE, archive).await);
    assert_eq!(failed.code(), "discord_forbidden");
    assert!(!failed.message().contains("MANAGE_THREADS"), "{failed:?}");
    assert_eq!(reads(&world, THREAD), 1);
}

#[tokio::test]
async fn ownership_waives_nothing_else_and_then_nothing_is_looked_up() {
    let world = asker_lacks(Permissions::MANAGE_MESSAGES | Permissions::VIEW_CHANNEL);
    message_by(&world, ADA);
    let hidden = world.call(for_user(user(ADA), DELETE, delete())).await;
    assert_eq!(code(hidden), "asker_lacks_permission");
    assert_eq!(reads(&world, MESSAGE), 0);
}

#[tokio::test]
async fn who_is_entitled_anyway_looks_nothing_up_early() {
    let world = World::new();
    message_by(&world, BOT);
    planned(world.ask(DELETE, delete()).await);
    assert_eq!(reads(&world, MESSAGE), 1);
    assert!(!world.facts.knows_bot.load(Ordering::SeqCst));
}

#[tokio::test]
async fn the_bots_own_words_are_marked_once_it_is_known() {
    let world = World::new();
    let by = |id: &str| {
        json!({"id": id, "channel_id": "10", "content": "x",
            "author": {"id": id, "username": "someone"}})
    };
    let path = "/channels/10/messages";
    says(&world, path, Ok(json!([by("99"), by("5")])));
    *world.hands.answer.lock().unwrap() = Ok(by("99"));
    let get = || world.ask("discord_get_messages", json!({"channel_id": "10"}));
    let send = |key: &str| {
        let arguments = json!({"channel_id": "10", "content": "x", "dry_run": false,
            "idempotency_key": key});
        world.ask("discord_send_message", arguments)
    };
    let shown = done(get().await).view.value;
    assert!(shown["messages"][0]["author"].get("is_self").is_none());
    let first = done(send("k").await).view;
    assert!(first.value["author"].get("is_self").is_none());
    assert!(!world.facts.knows_bot.load(Ordering::SeqCst), "nobody asks");

    world.gate.bot().await.unwrap();
    let shown = done(get().await).view.value;
    assert_eq!(shown["messages"][0]["author"]["is_self"], true);
    assert!(shown["messages"][1]["author"].get("is_self").is_none());
    let replay = done(send("k").await);
    assert!(replay.replayed);
    assert_eq!(
        replay.view, first,
        "a retry gets the same, whatever was learnt since"
    );
    for replayed in [false, true] {
        let sent = done(send("another").await);
        assert_eq!(sent.replayed, replayed);
        assert_eq!(sent.view.value["author"]["is_self"], true);
    }
}
