//! Mirrors of the audit in virtual time: what is told when, once, and what happens where it cannot.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use gate::MirrorHealth;
use model::{
    HandsError,
    ledger::{Decision, Ledger as _, Outcome, StoreError},
    mirror::{Mirror, MirrorFilter, MirrorRows, MirrorScope, MirrorWish, Mirrors},
    workspaces::{Tenancy, Workspace},
};
use serde_json::{Value, json};

use crate::{
    ledger::MemoryLedger,
    world::{NOW, World, channel, declined},
};

/// The audit of a ledger in memory: a row's number is its place.
struct Boards {
    ledger: Arc<MemoryLedger>,
    kept: Mutex<BTreeMap<MirrorScope, Mirror>>,
}

#[async_trait]
impl Mirrors for Boards {
    async fn mirror_wishes(&self) -> Result<Vec<MirrorWish>, StoreError> {
        Ok(Vec::new())
    }

    async fn mirror(&self, scope: &MirrorScope) -> Result<Option<Mirror>, StoreError> {
        Ok(self.kept.lock().unwrap().get(scope).cloned())
    }

    async fn put_mirror(&self, scope: &MirrorScope, mirror: Mirror) -> Result<bool, StoreError> {
        let mut kept = self.kept.lock().unwrap();
        let known = kept.get(scope).map_or(0, |known| known.revision);
        if known != mirror.revision {
            return Ok(false);
        }
        let revision = known + 1;
        kept.insert(scope.clone(), Mirror { revision, ..mirror });
        Ok(true)
    }

    async fn last_decision(&self) -> Result<i64, StoreError> {
        Ok(i64::try_from(self.ledger.book().decisions.len()).unwrap())
    }

    async fn mirror_rows(
        &self,
        filter: &MirrorFilter,
        limit: u32,
    ) -> Result<Vec<(i64, Decision)>, StoreError> {
        let mut rows = self.ledger.decisions(0, u32::MAX).await?;
        rows.retain(|(seq, row)| filter.fits(*seq, row));
        rows.truncate(limit as usize);
        Ok(rows)
    }

    async fn count_mirror_rows(&self, filter: &MirrorFilter) -> Result<i64, StoreError> {
        let rows = self.mirror_rows(filter, u32::MAX).await?;
        Ok(i64::try_from(rows.len()).unwrap())
    }
}

/// A world with a board, which is channel `at`.
struct Town {
    world: World,
    boards: Arc<Boards>,
}

impl Town {
    async fn with(policy: &str, at: u64) -> Self {
        let world = World::with(policy);
        let boards = Arc::new(Boards {
            ledger: world.ledger.clone(),
            kept: Mutex::default(),
        });
        world.gate.know_mirrors(boards.clone(), Some(wish(at)));
        let town = Self { world, boards };
        town.round().await;
        town
    }

    async fn new() -> Self {
        Self::with("", 10).await
    }

    async fn round(&self) {
        self.world.gate.round_of_mirrors().await.unwrap();
    }

    async fn decided(&self, rows: usize) {
        for number in 0..rows {
            let mut row = refusal();
            row.call_id = format!("call-{number}");
            self.world.ledger.record(row).await.unwrap();
        }
    }

    fn answers(&self, answer: Result<Value, HandsError>) {
        *self.world.hands.answer.lock().unwrap() = answer;
    }

    /// The bodies of what was sent.
    fn sent(&self) -> Vec<Value> {
        let writes = self.world.hands.writes.lock().unwrap();
        let body = |it: &model::Request| it.body.json().unwrap().clone();
        writes.iter().map(body).collect()
    }

    /// The lines of what was sent.
    fn lines(&self) -> usize {
        let sent = self.sent();
        let lines = |it: &Value| it["content"].as_str().unwrap().lines().count();
        sent.iter().map(lines).sum()
    }

    fn mirror(&self) -> Mirror {
        self.boards.kept.lock().unwrap()[&MirrorScope::Everything].clone()
    }

    fn pass(&self, seconds: i64) {
        self.world.clock.advance(seconds * 1_000);
    }
}

fn wish(at: u64) -> MirrorWish {
    MirrorWish {
        scope: MirrorScope::Everything,
        channel: channel(at),
        rows: MirrorRows::Writes,
    }
}

fn refusal() -> Decision {
    Decision {
        call_id: "call".to_owned(),
        workspace: model::WorkspaceId::default(),
        at: NOW,
        principal: "local".to_owned(),
        agent: None,
        origin: "stdio".to_owned(),
        tool: "discord_ban_member".to_owned(),
        risk: None,
        guild_id: None,
        channel_id: None,
        digest: String::new(),
        outcome: Outcome::Refused,
        stage: model::Stage::ChannelPolicy,
        code: "channel_denied".to_owned(),
        reason: String::new(),
        rules: Vec::new(),
        policy_version: String::new(),
        duration_us: 0,
    }
}

#[tokio::test]
async fn rows_are_told_in_batches_and_silence_follows() {
    let town = Town::new().await;
    town.round().await;
    assert_eq!(town.sent().len(), 0);
    town.decided(30).await;
    for _ in 0..10 {
        town.round().await;
        town.pass(5);
    }
    assert_eq!(town.lines(), 30);
    assert!(town.sent().len() <= 3, "{:#?}", town.sent());
    for message in town.sent() {
        assert_eq!(message["allowed_mentions"], json!({ "parse": [] }));
        assert_eq!(message["enforce_nonce"], true);
    }
    // Its own rows are decisions too, and no reason to say anything.
    let rows = town.world.ledger.outcomes().len();
    assert!(rows > 30);
    for _ in 0..10 {
        town.round().await;
        town.pass(60);
    }
    assert_eq!(town.world.ledger.outcomes().len(), rows);
}

#[tokio::test]
async fn messages_keep_their_distance() {
    let town = Town::new().await;
    town.decided(1).await;
    town.round().await;
    town.decided(1).await;
    for _ in 0..4 {
        town.pass(1);
        town.round().await;
    }
    assert_eq!(town.sent().len(), 1);
    town.pass(1);
    town.round().await;
    assert_eq!(town.sent().len(), 2);
}

#[tokio::test]
async fn what_comes_too_fast_is_left_out_with_a_word() {
    let town = Town::new().await;
    town.decided(1_000).await;
    town.round().await;
    let sent = town.sent();
    assert_eq!(sent.len(), 1);
    let text = sent[0]["content"].as_str().unwrap();
    assert!(
        text.starts_with("**1000 decisions are left out here**"),
        "{text}"
    );
    assert!(text.ends_with("`guildhall audit list --after 0`"), "{text}");
    town.pass(5);
    town.decided(1).await;
    town.round().await;
    assert_eq!(town.sent().len(), 2);
    assert!(
        town.sent()[1]["content"]
            .as_str()
            .unwrap()
            .starts_with("`#")
    );
}

#[tokio::test]
async fn a_lost_answer_is_sent_again_as_the_same_message() {
    let town = Town::new().await;
    town.decided(2).await;
    let lost = HandsError::OutcomeUnknown {
        detail: "cut off".to_owned(),
    };
    town.answers(Err(lost));
    town.round().await;
    // More is decided meanwhile, which changes nothing about what was begun.
    town.decided(3).await;
    town.answers(Ok(json!({ "id": "1" })));
    town.pass(10);
    town.round().await;
    let sent = town.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0], sent[1]);
    town.pass(10);
    town.round().await;
    assert_eq!(
        town.sent()[2]["content"].as_str().unwrap().lines().count(),
        3
    );
}

#[tokio::test]
async fn when_the_nonce_is_too_old_it_looks_before_it_tells() {
    for was_there in [true, false] {
        let town = Town::new().await;
        town.decided(2).await;
        let lost = HandsError::OutcomeUnknown {
            detail: "cut off".to_owned(),
        };
        town.answers(Err(lost));
        town.round().await;
        let text = town.mirror().message.unwrap().text;
        let author = if was_there { "99" } else { "7" };
        let found = json!([{ "author": { "id": author }, "content": text }]);
        town.world
            .hands
            .live
            .lock()
            .unwrap()
            .insert("/channels/10/messages".to_owned(), Ok(found));
        town.answers(Ok(json!({ "id": "1" })));
        town.pass(300);
        town.round().await;
        assert_eq!(town.sent().len(), if was_there { 1 } else { 2 });
        assert_eq!(town.mirror().message, None);
        assert_eq!(town.mirror().through, 2);
    }
}

#[tokio::test]
async fn a_channel_that_is_gone_is_tried_less_and_less_and_calls_go_on() {
    let town = Town::new().await;
    town.decided(2).await;
    town.answers(Err(HandsError::Api {
        status: 404,
        code: 10_003,
        message: "Unknown Channel".to_owned(),
        fields: Vec::new(),
    }));
    for _ in 0..1_800 {
        town.round().await;
        town.pass(2);
    }
    let attempts = town.sent().len();
    assert!(
        (5..=12).contains(&attempts),
        "{attempts} attempts in an hour"
    );
    let health = MirrorHealth {
        mirrors: 1,
        in_trouble: 1,
    };
    assert_eq!(town.world.gate.mirror_health(), health);
    let trouble = town.mirror().trouble.unwrap();
    assert!(trouble.why.contains("Unknown Channel"), "{trouble:?}");
    town.answers(Ok(json!({ "id": "1" })));
    town.pass(600);
    town.round().await;
    assert_eq!(town.mirror().trouble, None);
    assert_eq!(town.world.gate.mirror_health().in_trouble, 0);
    let all = town.sent();
    assert_eq!(all.first(), all.last());
}

/// What changes before it would send.
type Before<'a> = &'a dyn Fn(&Town);

#[tokio::test]
async fn it_sends_only_where_the_checks_allow_it() {
    let suspended = |town: &Town| {
        *town.world.towns.0.lock().unwrap() = Tenancy::of(
            [Workspace {
                id: model::WorkspaceId::default(),
                name: "Default".to_owned(),
                created_at: 0,
                suspended_at: Some(1),
            }],
            [],
        );
    };
    let at_others = |town: &Town| {
        let installation = model::workspaces::Installation {
            guild_id: model::GuildId::new(1).unwrap(),
            workspace: "bakers".parse().unwrap(),
            installed_at: 0,
        };
        let workspace = |id: &str| Workspace {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            created_at: 0,
            suspended_at: None,
        };
        *town.world.towns.0.lock().unwrap() =
            Tenancy::of([workspace("default"), workspace("bakers")], [installation]);
    };
    let nothing = |_: &Town| {};
    let lacks = |town: &Town| {
        *town.world.facts.bot_lacks.lock().unwrap() = model::Permissions::SEND_MESSAGES;
    };
    let cases: [(&str, u64, Before<'_>, &str); 6] = [
        ("read_only = true", 10, &nothing, "read_only"),
        ("", 30, &nothing, "not_in_a_guild"),
        ("", 404, &nothing, "channel_unknown"),
        ("", 10, &suspended, "workspace_suspended"),
        ("", 10, &at_others, "guild_of_other_workspace"),
        ("", 10, &lacks, "bot_lacks_permission"),
    ];
    for (policy, at, setup, code) in cases {
        let town = Town::with(policy, at).await;
        setup(&town);
        town.decided(1).await;
        town.round().await;
        assert_eq!(town.sent().len(), 0, "{code}");
        let last = town.world.ledger.book().decisions.last().cloned().unwrap();
        assert_eq!(
            (last.principal.as_str(), last.code.as_str()),
            ("mirror", code)
        );
    }
}

#[tokio::test]
async fn nobody_else_acts_in_the_channel() {
    let town = Town::new().await;
    for at in ["10", "11"] {
        for (tool, mut arguments) in [
            (
                "discord_send_message",
                json!({ "content": "`#1` all is well" }),
            ),
            ("discord_get_messages", json!({})),
            ("discord_delete_channel", json!({})),
        ] {
            arguments["channel_id"] = json!(at);
            let declined = declined(town.world.ask(tool, arguments).await);
            assert_eq!(declined.code(), "audit_channel", "{tool} in {at}");
        }
    }
    assert_eq!(town.sent().len(), 0);
}
