//! Who is entitled to what an application sells.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World};

const MAX_ENTITLEMENTS: usize = 10_000;

/// Discord: Entitlement Object › Entitlement Types.
const TEST_MODE_PURCHASE: u64 = 4;

/// Something for sale.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sku {
    pub(super) kind: u64,
    pub(super) name: String,
    /// Of a subscription: the group that Discord makes for it.
    pub(super) group: Option<Snowflake>,
}

/// Who may use what, in all the world.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Commerce {
    pub(super) entitlements: BTreeMap<Snowflake, Entitlement>,
    pub(super) subscriptions: BTreeMap<Snowflake, Subscription>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Entitlement {
    pub(super) sku: Snowflake,
    pub(super) application: Snowflake,
    pub(super) user: Snowflake,
    pub(super) guild: Option<Snowflake>,
    pub(super) kind: u64,
    pub(super) starts_ms: Option<u64>,
    pub(super) ends_ms: Option<u64>,
    pub(super) consumed: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Subscription {
    pub(super) sku: Snowflake,
    pub(super) entitlement: Snowflake,
    pub(super) user: Snowflake,
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
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
    pub(super) fn grant(&mut self, entitlement: Entitlement) -> Answer {
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
        if self.sku(sku)?.1.kind != super::sale::CONSUMABLE {
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
}
