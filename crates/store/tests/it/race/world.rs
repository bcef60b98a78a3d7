//! Two instances of the gate on one database, and a Discord between them.

use std::sync::Arc;

use gate::{Gate, Parts};
use model::{
    Id, ManualClock, UserId,
    approval::{Approval, ApprovalFilter, Approvals as _},
};
use policy::Policy;
use store::Store;

use super::{
    discord::{BENCH, Discord, LATER_BENCH},
    run::Run,
};
use crate::fixtures::{START, open};

pub(super) const ROLE: u64 = 90;
/// Two by role, one by name, one who is asked later, a stranger, the asker, and a bot with the role.
pub(super) const PEOPLE: [u64; 7] = [1, 2, 92, 93, 5, 7, 8];
pub(super) const BY_NAME: u64 = 92;
pub(super) const LATER: u64 = 93;
pub(super) const ASKER: u64 = 7;
pub(super) const BOT_WITH_ROLE: u64 = 8;

pub(super) fn policy(quorum: u32, effect: &str) -> Arc<Policy> {
    let text = format!(
        r#"
        [approvals.moderators]
        post_to = "channel"
        channel = "{BENCH}"
        roles = ["{ROLE}"]
        users = ["{BY_NAME}"]
        quorum = {quorum}
        expires_minutes = 30
        remind_after_minutes = 5
        escalate_after_minutes = 15
        escalate_to = "owners"

        [approvals.owners]
        post_to = "channel"
        channel = "{LATER_BENCH}"
        users = ["{LATER}"]

        [[rules]]
        name = "people decide"
        tools = ["discord_send_message"]
        effect = "{effect}"
        {}
        dry_run_by_default = false
        "#,
        if effect == "ask" {
            "approval = \"moderators\""
        } else {
            ""
        }
    );
    Arc::new(toml::from_str(&text).unwrap())
}

pub(super) struct Instance {
    pub(super) store: Store,
    pub(super) gate: Gate,
}

pub(super) struct World {
    pub(super) url: String,
    pub(super) clock: ManualClock,
    pub(super) discord: Arc<Discord>,
    pub(super) instances: Vec<Instance>,
    pub(super) policy: Arc<Policy>,
    pub(super) asks: bool,
}

impl World {
    pub(super) async fn new(url: String) -> Self {
        let mut world = Self {
            url,
            clock: ManualClock::at(START),
            discord: Arc::default(),
            instances: Vec::new(),
            policy: policy(1, "ask"),
            asks: true,
        };
        for _ in 0..2 {
            let instance = world.instance().await;
            world.instances.push(instance);
        }
        world
    }

    pub(super) async fn instance(&self) -> Instance {
        let store = open(&self.url, &self.clock).await;
        let gate = Gate::new(Parts {
            policy: self.policy.clone(),
            hands: self.discord.clone(),
            surroundings: self.discord.clone(),
            ledger: Arc::new(store.clone()),
            tenants: Arc::new(model::workspaces::OneWorkspace),
            clock: Arc::new(self.clock.clone()),
            flows: Vec::new(),
            seal_key: [3; 32],
        });
        gate.know_approvals(Arc::new(store.clone()));
        Instance { store, gate }
    }

    pub(super) fn set_policy(&mut self, policy: Arc<Policy>, asks: bool) {
        self.policy = policy;
        self.asks = asks;
        for instance in &self.instances {
            instance.gate.replace_policy(self.policy.clone());
        }
    }

    pub(super) async fn approvals(&self, run: &Run) -> Vec<Approval> {
        let filter = ApprovalFilter {
            state: None,
            principal: Some(run.principal.id.clone()),
        };
        self.instances[0]
            .store
            .list_approvals(&filter, 100)
            .await
            .unwrap()
    }

    /// Whether everything has come to its end and shows it.
    pub(super) async fn rests(&self, run: &Run) -> bool {
        self.approvals(run)
            .await
            .iter()
            .all(|it| !it.state.is_open() && it.look_at.is_none())
    }
}

pub(super) fn user(n: u64) -> UserId {
    Id::new(n).unwrap()
}
