//! Ears at a simulated Discord: what people do there is in the journal, once, in order.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use discord::{
    Error, Rest, RestConfig, api_url,
    ears::{EarsConfig, intents},
    facts::{ByReader, Facts},
    user_agent,
};
use model::{
    ChannelId, GuildId, ManualClock, Permissions, Permitted, Request, Surroundings, place::Subject,
};
use sandbox::Sandbox;

use crate::ears_stage::{Listening, NoRest, Notebook, quick};

struct Town {
    sandbox: Sandbox,
    journal: Arc<Notebook>,
}

/// Nothing is written here.
struct NeverPermitted(Request);

impl Permitted for NeverPermitted {
    fn request(&self) -> &Request {
        &self.0
    }
}

impl Town {
    async fn start() -> Self {
        Self {
            sandbox: Sandbox::start(sandbox::Config::default()).await.unwrap(),
            journal: Arc::default(),
        }
    }

    /// Ears that find the Gateway by asking REST, and are connected.
    async fn listens(&self) -> Listening {
        let config = EarsConfig {
            intents: intents::UNPRIVILEGED | intents::MESSAGE_CONTENT,
            pace: quick(),
            ..EarsConfig::new(self.sandbox.info().bot_token.into())
        };
        let mut ears = Listening::start(config, &self.journal, Arc::new(self.reader()));
        ears.until(|status| status.connected).await;
        ears
    }

    fn reader(&self) -> ByReader {
        let info = self.sandbox.info();
        let config = RestConfig::new(
            api_url(&info.api_url).unwrap(),
            info.bot_token.into(),
            user_agent("https://example.org", "1.0"),
        );
        let rest: Rest<NeverPermitted> = Rest::new(config).unwrap();
        ByReader::new(rest.reader(), "facts".into(), Duration::from_secs(10))
    }

    async fn says(&self, content: &str) {
        let ada = self.sandbox.person("ada").unwrap();
        let channel = self.sandbox.info().channel_id;
        ada.says(channel, content).await.unwrap();
    }

    /// Something goes wrong with every session.
    async fn gateway(&self, fault: &str) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = format!("{}/gateway/{fault}", self.sandbox.info().control_url);
        let answer = reqwest::Client::new().post(url).body("{}").send().await;
        let answer = answer.unwrap().error_for_status().unwrap();
        assert_eq!(answer.text().await.unwrap(), r#"{"sessions":1}"#);
    }
}

#[tokio::test]
async fn what_a_person_writes_is_in_the_journal() {
    let town = Town::start().await;
    let ears = town.listens().await;
    town.says("hello").await;
    town.journal.hears(&["hello"]).await;
    ears.stop().await.unwrap();
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_dropped_socket_is_resumed_and_nothing_is_missed_or_heard_twice() {
    let town = Town::start().await;
    let ears = town.listens().await;
    for (count, fault) in ["drop", "reconnect", "disconnect"].into_iter().enumerate() {
        let mut expected: Vec<String> = town.journal.messages();
        assert_eq!(expected.len(), count * 3);
        town.says("before").await;
        town.gateway(fault).await;
        town.says("meanwhile").await;
        town.says("after").await;
        expected.extend(["before", "meanwhile", "after"].map(str::to_owned));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        town.journal.hears(&expected).await;
        assert_eq!(ears.status.borrow().gaps, 0, "{fault}");
    }
    ears.stop().await.unwrap();
    town.sandbox.stop().await;
}

#[tokio::test]
async fn an_invalidated_session_is_followed_by_a_new_one_and_a_gap() {
    let town = Town::start().await;
    let mut ears = town.listens().await;
    town.gateway("invalidate").await;
    ears.until(|status| status.connected && status.gaps == 1)
        .await;
    town.says("in the new session").await;
    town.journal.hears(&["in the new session"]).await;
    ears.stop().await.unwrap();
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_restart_resumes_and_hears_what_was_said_meanwhile() {
    let town = Town::start().await;
    let ears = town.listens().await;
    town.says("before").await;
    town.journal.hears(&["before"]).await;
    ears.stop().await.unwrap();
    town.says("while away").await;
    let ears = town.listens().await;
    town.journal.hears(&["before", "while away"]).await;
    assert_eq!(ears.status.borrow().gaps, 0);
    ears.stop().await.unwrap();
    town.sandbox.stop().await;
}

#[tokio::test]
async fn a_wrong_token_ends_it() {
    let town = Town::start().await;
    let config = EarsConfig {
        gateway_url: Some(town.sandbox.info().gateway_url),
        pace: quick(),
        ..EarsConfig::new("wrong".to_owned().into())
    };
    let ears = Listening::start(config, &town.journal, Arc::new(NoRest));
    let error = ears.ended().await.unwrap_err();
    assert!(matches!(error, Error::GatewayClosed { code: 4004, .. }));
    town.sandbox.stop().await;
}

#[tokio::test]
async fn facts_are_the_same_with_and_without_ears() {
    let town = Town::start().await;
    let mut ears = town.listens().await;
    ears.until(|status| status.guilds == 1).await;
    let info = town.sandbox.info();
    let guild: GuildId = info.guild_id.to_string().parse().unwrap();
    let channel: ChannelId = info.channel_id.to_string().parse().unwrap();
    let facts = |cache| {
        let clock = Arc::new(ManualClock::at(1_000));
        Facts::new(Arc::new(town.reader()), cache, clock)
    };
    let without = facts(None);
    let with = facts(Some(Arc::clone(&ears.cache)));
    let everything = Permissions::all_named();
    assert!(ears.cache.guild(guild).is_some());
    assert_eq!(with.bot().await.unwrap(), without.bot().await.unwrap());
    assert_eq!(
        with.channel(channel).await.unwrap(),
        without.channel(channel).await.unwrap()
    );
    for at in [None, Some(channel)] {
        let subject = Subject::Bot;
        let lacks = with.lacks(subject, guild, at, everything).await.unwrap();
        let read = without.lacks(subject, guild, at, everything).await;
        assert_eq!(lacks, read.unwrap());
    }
    ears.stop().await.unwrap();
    assert!(with.is_member_of(guild).await.unwrap());
    town.sandbox.stop().await;
}
