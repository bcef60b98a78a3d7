//! What applications sell: SKUs, purchases and subscriptions.

use serde_json::{Value, json};

use super::commerce::{Entitlement, Sku, Subscription};
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World};

const MAX_SKUS: usize = 50;
/// A subscription's period.
const MONTH_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Discord: SKU Object › SKU Types.
const DURABLE: u64 = 2;
pub(super) const CONSUMABLE: u64 = 3;
const SUBSCRIPTION: u64 = 5;
const SUBSCRIPTION_GROUP: u64 = 6;

/// Discord: Entitlement Object › Entitlement Types.
const PURCHASE: u64 = 1;
const APPLICATION_SUBSCRIPTION: u64 = 8;

impl World {
    /// Puts something up for sale, as its developer does on Discord's website.
    pub fn create_sku(&mut self, application: Snowflake, name: &str, kind: u64) -> Answer {
        let id = self.next_id();
        let group = (kind == SUBSCRIPTION).then(|| self.next_id());
        let skus = &mut self.application_state(application)?.skus;
        if !matches!(kind, DURABLE | CONSUMABLE | SUBSCRIPTION) || skus.len() >= MAX_SKUS {
            let message = "type must be 2, 3 or 5, and there may be 50 of them";
            return Err(Refusal::field("type", "BASE_TYPE_CHOICES", message));
        }
        let sku = Sku {
            kind,
            name: name.to_owned(),
            group,
        };
        let payload = sku_payload(id, application, &sku, kind);
        skus.insert(id, sku);
        Ok(payload)
    }

    /// All that an application sells; a subscription comes with its group.
    pub fn list_skus(&self, actor: &Actor, application: Snowflake) -> Answer {
        self.own_application(actor, application)?;
        let skus = self.applications.get(&application).map(|it| &it.state.skus);
        let mut all = Vec::new();
        for (id, sku) in skus.into_iter().flatten() {
            all.push(sku_payload(*id, application, sku, sku.kind));
            if let Some(group) = sku.group {
                all.push(sku_payload(group, application, sku, SUBSCRIPTION_GROUP));
            }
        }
        Ok(Value::Array(all))
    }

    pub(super) fn sku(&self, id: Snowflake) -> Answer<(Snowflake, &Sku)> {
        let mut applications = self.applications.values();
        let found = applications.find_map(|it| Some((it.id, it.state.skus.get(&id)?)));
        found.ok_or_else(|| Refusal::unknown(Unknown::Sku))
    }

    /// A person buys something, for themselves or (a subscription) for a guild.
    pub fn purchase(
        &mut self,
        user: Snowflake,
        sku: Snowflake,
        guild: Option<Snowflake>,
    ) -> Answer {
        let (application, kind) = self
            .sku(sku)
            .map(|(application, sku)| (application, sku.kind))?;
        if !self.users.contains_key(&user) {
            return Err(Refusal::unknown(Unknown::User));
        }
        if guild.is_some_and(|guild| !self.is_member(guild, user)) {
            return Err(Refusal::missing_access());
        }
        let now = self.now_ms();
        let subscribes = kind == SUBSCRIPTION;
        let end_ms = now + MONTH_MS;
        let entitlement = Entitlement {
            sku,
            application,
            user,
            guild,
            kind: if subscribes {
                APPLICATION_SUBSCRIPTION
            } else {
                PURCHASE
            },
            starts_ms: subscribes.then_some(now),
            ends_ms: subscribes.then_some(end_ms),
            consumed: false,
        };
        let payload = self.grant(entitlement)?;
        if subscribes {
            let id = self.next_id();
            let entitlement = payload["id"].as_str().and_then(|id| id.parse().ok());
            let subscription = Subscription {
                sku,
                entitlement: entitlement.unwrap_or_default(),
                user,
                start_ms: now,
                end_ms,
            };
            let told = self.subscription_payload(id, &subscription);
            self.commerce.subscriptions.insert(id, subscription);
            self.dispatch("SUBSCRIPTION_CREATE", Audience::User(application), 0, told);
        }
        Ok(payload)
    }

    /// Subscriptions to an SKU.
    pub fn list_subscriptions(
        &self,
        actor: &Actor,
        sku: Snowflake,
        user: Option<Snowflake>,
        limit: usize,
    ) -> Answer {
        self.own_application(actor, self.sku(sku)?.0)?;
        let all = self.commerce.subscriptions.iter();
        let wanted = all.filter(|(_, it)| it.sku == sku && user.is_none_or(|user| it.user == user));
        Ok(wanted
            .take(limit)
            .map(|(id, it)| self.subscription_payload(*id, it))
            .collect())
    }

    /// One subscription.
    pub fn get_subscription(&self, actor: &Actor, sku: Snowflake, id: Snowflake) -> Answer {
        self.own_application(actor, self.sku(sku)?.0)?;
        let subscription = self
            .commerce
            .subscriptions
            .get(&id)
            .filter(|it| it.sku == sku);
        let subscription = subscription.ok_or_else(Refusal::route)?;
        Ok(self.subscription_payload(id, subscription))
    }

    /// 0 while the period runs, 2 afterwards: nobody renews here.
    fn subscription_payload(&self, id: Snowflake, it: &Subscription) -> Value {
        let over = it.end_ms <= self.now_ms();
        json!({
            "id": id,
            "user_id": it.user,
            "sku_ids": [it.sku],
            "renewal_sku_ids": null,
            "entitlement_ids": [it.entitlement],
            "current_period_start": iso8601(it.start_ms),
            "current_period_end": iso8601(it.end_ms),
            "status": if over { 2 } else { 0 },
            "canceled_at": null,
        })
    }
}

fn sku_payload(id: Snowflake, application: Snowflake, sku: &Sku, kind: u64) -> Value {
    let slug = sku.name.to_lowercase().replace(' ', "-");
    json!({
        "id": id,
        "type": kind,
        "application_id": application,
        "name": sku.name,
        "slug": slug,
        "flags": if kind == SUBSCRIPTION { 1 << 7 | 1 << 2 } else { 1 << 2 },
    })
}
