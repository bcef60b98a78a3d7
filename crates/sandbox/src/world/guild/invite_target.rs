//! For whom an invite is: a list of users, without which it is for everyone.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;
use crate::world::message::UploadedFile;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Users of one list.
const MAX_USERS: usize = 10_000;
/// Errors told of one file.
const MAX_ERRORS: usize = 25;
/// Discord: Target Users Job Status, completed.
const COMPLETED: u64 = 2;

/// Who may see and accept an invite.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct InviteTargets {
    users: BTreeSet<Snowflake>,
    given_ms: u64,
}

impl World {
    /// The list as a CSV file.
    pub fn invite_targets(&self, actor: &Actor, code: &str) -> Answer<String> {
        let targets = self.readable_targets(actor, code, bits::VIEW_AUDIT_LOG)?;
        let targets = targets.ok_or_else(|| Refusal::unknown(Unknown::InviteTargetUsers))?;
        let lines = targets.users.iter().map(|user| format!("{user}\n"));
        Ok(format!("user_id\n{}", lines.collect::<String>()))
    }

    /// How the reading of the list went; here it is done at once.
    pub fn invite_targets_job(&self, actor: &Actor, code: &str) -> Answer {
        let targets = self.readable_targets(actor, code, bits::VIEW_AUDIT_LOG)?;
        let targets = targets.ok_or_else(|| Refusal::unknown(Unknown::InviteTargetUsersJob))?;
        let (count, moment) = (targets.users.len(), iso8601(targets.given_ms));
        Ok(json!({
            "status": COMPLETED,
            "total_users": count,
            "processed_users": count,
            "created_at": moment,
            "completed_at": moment,
            "error_message": null,
        }))
    }

    /// Replaces the list by that of a file with one id on each line.
    pub fn set_invite_targets(
        &mut self,
        actor: &Actor,
        code: &str,
        files: &[UploadedFile],
    ) -> Answer<()> {
        self.readable_targets(actor, code, 0)?;
        let Some(file) = files.first() else {
            let message = "This field is required";
            return Err(Refusal::field(
                "target_users_file",
                "BASE_TYPE_REQUIRED",
                message,
            ));
        };
        let users = read_users(&String::from_utf8_lossy(&file.bytes))?;
        let given_ms = self.now_ms();
        let known = &self.invites;
        self.invite_targets
            .retain(|code, _| known.contains_key(code));
        let targets = InviteTargets { users, given_ms };
        self.invite_targets.insert(code.to_owned(), targets);
        Ok(())
    }

    /// Whether an invite is for somebody.
    pub(crate) fn is_invited(&self, code: &str, user: Snowflake) -> bool {
        let targets = self.invite_targets.get(code);
        targets.is_none_or(|targets| targets.users.contains(&user))
    }

    /// Inviters and those who manage the guild reach the list, others with one of `also`.
    fn readable_targets(
        &self,
        actor: &Actor,
        code: &str,
        also: u64,
    ) -> Answer<Option<&InviteTargets>> {
        let invite = self.invites.get(code);
        let invite = invite.ok_or_else(|| Refusal::unknown(Unknown::Invite))?;
        self.require_member(actor.id, invite.guild_id)?;
        let own = self.permissions_in_guild(invite.guild_id, actor.id);
        if invite.inviter != actor.id && own & (bits::MANAGE_GUILD | also) == 0 {
            return Err(Refusal::missing_permissions());
        }
        Ok(self.invite_targets.get(code))
    }
}

fn read_users(text: &str) -> Answer<BTreeSet<Snowflake>> {
    let (mut users, mut errors) = (BTreeSet::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim().trim_matches('"');
        let is_header = index == 0 && line.chars().any(char::is_alphabetic);
        if line.is_empty() || is_header {
            continue;
        }
        match line.parse() {
            Ok(user) => {
                users.insert(user);
            }
            Err(_) => errors.push(format!("Line {}: invalid user ID format", index + 1)),
        }
    }
    if users.len() > MAX_USERS {
        errors.push(format!("At most {MAX_USERS} users"));
    }
    if errors.is_empty() {
        return Ok(users);
    }
    errors.truncate(MAX_ERRORS);
    let leaf = |message: String| json!({"code": "INVALID_USER_ID", "message": message});
    let leaves: Vec<Value> = errors.into_iter().map(leaf).collect();
    Err(Refusal::form(
        json!({"target_users_file": {"_errors": leaves}}),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_may_have_a_header_and_names_its_bad_lines() {
        assert_eq!(read_users("user_id\n1\n\"2\"\n\n").unwrap().len(), 2);
        let errors = read_users("1\nx2\n").unwrap_err().errors.unwrap();
        let told = &errors["target_users_file"]["_errors"][0]["message"];
        assert_eq!(told, "Line 2: invalid user ID format");
    }
}
