//! Activities that were launched from interactions, and files that applications upload.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::world::message::{NewAttachment, UploadedFile};
use crate::world::{Actor, Answer, Refusal, World};

/// Activities remembered; the oldest go first.
const MAX_ACTIVITIES: usize = 1_000;

/// One launched activity.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Activity {
    instance_id: String,
    launch_id: Snowflake,
    application_id: Snowflake,
    channel_id: Snowflake,
    guild_id: Option<Snowflake>,
    users: BTreeSet<Snowflake>,
}

impl World {
    /// Launches an application's activity in a channel, or joins the one there.
    pub(crate) fn launch_activity(
        &mut self,
        application_id: Snowflake,
        channel_id: Snowflake,
        user: Snowflake,
    ) -> String {
        let here =
            |it: &&mut Activity| it.application_id == application_id && it.channel_id == channel_id;
        if let Some(activity) = self.activities.iter_mut().find(here) {
            activity.users.insert(user);
            return activity.instance_id.clone();
        }
        let launch_id = self.next_id();
        let guild_id = self.guild_of(channel_id);
        let place = match guild_id {
            Some(guild) => format!("gc-{guild}-{channel_id}"),
            None => format!("pc-{channel_id}"),
        };
        let instance_id = format!("i-{launch_id}-{place}");
        if self.activities.len() >= MAX_ACTIVITIES {
            self.activities.pop_front();
        }
        self.activities.push_back(Activity {
            instance_id: instance_id.clone(),
            launch_id,
            application_id,
            channel_id,
            guild_id,
            users: BTreeSet::from([user]),
        });
        instance_id
    }

    /// An activity that runs.
    pub fn activity_instance(
        &self,
        actor: &Actor,
        application: Snowflake,
        instance: &str,
    ) -> Answer {
        self.own_application(actor, application)?;
        let mut activities = self.activities.iter();
        let own = |it: &&Activity| it.application_id == application && it.instance_id == instance;
        let activity = activities.find(own).ok_or_else(Refusal::route)?;
        let mut location = json!({
            "id": activity.instance_id.splitn(3, '-').nth(2),
            "kind": if activity.guild_id.is_some() { "gc" } else { "pc" },
            "channel_id": activity.channel_id,
        });
        if let Some(guild) = activity.guild_id {
            location["guild_id"] = json!(guild);
        }
        Ok(json!({
            "application_id": activity.application_id,
            "instance_id": activity.instance_id,
            "launch_id": activity.launch_id.to_string(),
            "location": location,
            "users": activity.users,
        }))
    }

    /// Keeps a file of an application's activity.
    pub fn application_attachment(
        &mut self,
        actor: &Actor,
        application: Snowflake,
        files: Vec<UploadedFile>,
    ) -> Answer {
        self.own_application(actor, application)?;
        let Some(file) = files.into_iter().next() else {
            let message = "This field is required";
            return Err(Refusal::field("file", "BASE_TYPE_REQUIRED", message));
        };
        let attachment = self.store_file(application, file, NewAttachment::default())?;
        let mut payload = self.attachment_payload(&attachment);
        payload["ephemeral"] = Value::Bool(true);
        Ok(json!({ "attachment": payload }))
    }
}
