//! What applications sell: SKUs, who is entitled to them, and subscriptions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World};

const MAX_SKUS: usize = 50;
const MAX_ENTITLEMENTS: usize = 10_000;
/// A subscription's period.
const MONTH_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Discord: SKU Object › SKU Types.
const DURABLE: u64 = 2;
const CONSUMABLE: u64 = 3;
const SUBSCRIPTION: u64 = 5;
const SUBSCRIPTION_GROUP: u64 = 6;

/// Discord: Entitlement Object › Entitlement Types.
const PURCHASE: u64 = 1;
const TEST_MODE_PURCHASE: u64 = 4;
const APPLICATION_SUBSCRIPTION: u64 = 8;

/// Something for sale.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sku {
    kind: u64,
    name: String,
    /// Of a subscription: the group that Discord makes for it.
    group: Option<Snowflake>,
}

/// Who may use what, in all the world.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Commerce {
    entitlements: BTreeMap<Snowflake, Entitlement>,
    subscriptions: BTreeMap<Snowflake, Subscription>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Entitlement {
    sku: Snowflake,
    application: Snowflake,
    user: Snowflake,
    guild: Option<Snowflake>,
    kind: u64,
    starts_ms: Option<u64>,
    ends_ms: Option<u64>,
    consumed: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Subscription {
    sku: Snowflake,
    entitlement: Snowflake,
    user: Snowflake,
    start_ms: u64,
    end_ms: u64,
}

/// Which entitlements are wanted.
#[derive(Clone, Debug, Default)]
pub struct EntitlementQuery {
    pub user: Option<Snowflake>,
    pub guild: Option<Snowflake>,
    pub skus: Vec<Snowflake>,
    pub before: Option<Snowflake>,
    pub after: Option<Snowflake>,
    pub limit: usize,
    pub exclude_ended: bool,
}

impl Entitlement {
    fn payload(&self, id: Snowflake) -> Value {
        let mut payload = json!({
            "id": id,
            "sku_id": self.sku,
            "application_id": self.application,
            "user_id": self.user,
            "type": self.kind,
            "deleted": false,
            "starts_at": self.starts_ms.map(iso8601),
            "ends_at": self.ends_ms.map(iso8601),
            "consumed": self.consumed,
        });
        if let Some(guild) = self.guild {
            payload["guild_id"] = json!(guild);
        }
        payload
    }
}

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

    fn sku(&self, id: Snowflake) -> Answer<(Snowflake, &Sku)> {
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

    fn grant(&mut self, entitlement: Entitlement) -> Answer {
        if self.commerce.entitlements.len() >= MAX_ENTITLEMENTS {
            return Err(Refusal::new(
                400,
                0,
                "The sandbox keeps no more entitlements",
            ));
        }
        let id = self.next_id();
        let payload = entitlement.payload(id);
        let audience = Audience::User(entitlement.application);
        self.commerce.entitlements.insert(id, entitlement);
        self.dispatch("ENTITLEMENT_CREATE", audience, 0, payload.clone());
        Ok(payload)
    }

    /// A test entitlement, without an end.
    pub fn create_entitlement(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        body: &Value,
    ) -> Answer {
        self.own_application(actor, application)?;
        let mut form = Form::new(body);
        let sku = form.id("sku_id");
        let sku = form.required("sku_id", sku);
        let owner = form.id("owner_id");
        let owner = form.required("owner_id", owner);
        let kind = form.choice("owner_type", &[1, 2]);
        let for_guild = form.required("owner_type", kind) == 1;
        form.finish()?;
        if self.sku(sku)?.0 != application {
            return Err(Refusal::unknown(Unknown::Sku));
        }
        let unknown = if for_guild {
            Unknown::Guild
        } else {
            Unknown::User
        };
        let user = if for_guild {
            self.guilds.get(&owner).map(|guild| guild.owner_id)
        } else {
            self.users.get(&owner).map(|user| user.id)
        };
        self.grant(Entitlement {
            sku,
            application,
            user: user.ok_or_else(|| Refusal::unknown(unknown))?,
            guild: for_guild.then_some(owner),
            kind: TEST_MODE_PURCHASE,
            starts_ms: None,
            ends_ms: None,
            consumed: false,
        })
    }

    /// Entitlements of an application, by id.
    pub fn list_entitlements(
        &self,
        actor: &Actor,
        application: Snowflake,
        query: &EntitlementQuery,
    ) -> Answer {
        self.own_application(actor, application)?;
        let now = self.now_ms();
        let wanted = |(id, it): &(&Snowflake, &Entitlement)| {
            it.application == application
                && query
                    .user
                    .is_none_or(|user| it.user == user && it.guild.is_none())
                && query.guild.is_none_or(|guild| it.guild == Some(guild))
                && (query.skus.is_empty() || query.skus.contains(&it.sku))
                && query.before.is_none_or(|before| **id < before)
                && query.after.is_none_or(|after| **id > after)
                && !(query.exclude_ended && it.ends_ms.is_some_and(|end| end <= now))
        };
        let found = self.commerce.entitlements.iter().filter(wanted);
        Ok(found
            .take(query.limit)
            .map(|(id, it)| it.payload(*id))
            .collect())
    }

    /// What an interaction tells of a person's and a guild's entitlements.
    pub(crate) fn active_entitlements(
        &self,
        application: Snowflake,
        user: Snowflake,
        guild: Option<Snowflake>,
    ) -> Vec<Value> {
        let now = self.now_ms();
        let active = |(_, it): &(&Snowflake, &Entitlement)| {
            let holds = it
                .guild
                .map_or(it.user == user, |holder| guild == Some(holder));
            it.application == application
                && holds
                && !it.consumed
                && it.ends_ms.is_none_or(|end| end > now)
        };
        let found = self.commerce.entitlements.iter().filter(active);
        found.map(|(id, it)| it.payload(*id)).collect()
    }

    fn entitlement(
        &self,
        actor: &Actor,
        application: Snowflake,
        id: Snowflake,
    ) -> Answer<&Entitlement> {
        self.own_application(actor, application)?;
        let entitlement = self.commerce.entitlements.get(&id);
        let own = entitlement.filter(|it| it.application == application);
        own.ok_or_else(|| Refusal::unknown(Unknown::Entitlement))
    }

    /// One entitlement.
    pub fn get_entitlement(&self, actor: &Actor, application: Snowflake, id: Snowflake) -> Answer {
        Ok(self.entitlement(actor, application, id)?.payload(id))
    }

    /// Marks a one-time purchase as used.
    pub fn consume_entitlement(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        let sku = self.entitlement(actor, application, id)?.sku;
        if self.sku(sku)?.1.kind != CONSUMABLE {
            let message = "Only consumables can be consumed";
            return Err(Refusal::new(400, 50_018, message));
        }
        if let Some(entitlement) = self.commerce.entitlements.get_mut(&id) {
            entitlement.consumed = true;
            let told = entitlement.payload(id);
            self.dispatch("ENTITLEMENT_UPDATE", Audience::User(application), 0, told);
        }
        Ok(())
    }

    /// Deletes a test entitlement.
    pub fn delete_entitlement(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        id: Snowflake,
    ) -> Answer<()> {
        let entitlement = self.entitlement(actor, application, id)?;
        if entitlement.kind != TEST_MODE_PURCHASE {
            return Err(Refusal::new(
                403,
                50_097,
                "Only test entitlements can be deleted",
            ));
        }
        let mut told = entitlement.payload(id);
        told["deleted"] = json!(true);
        self.commerce.entitlements.remove(&id);
        self.dispatch("ENTITLEMENT_DELETE", Audience::User(application), 0, told);
        Ok(())
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
