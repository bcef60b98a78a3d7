//! Who may write what where (Discord: Create Message › Limitations, Threads, Voice Messages).

use super::{NewMessage, flag, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::channel::{Channel, ChannelKind};
use crate::world::guild::sticker::is_standard;
use crate::world::refusal::Unknown;
use crate::world::{Answer, Refusal, World};

/// What somebody does to what is in a thread; a closed thread allows one more than the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ThreadAct {
    /// Changing a message: not in a locked thread.
    Edit,
    /// Reacting, pinning: not in an archived thread.
    React,
    /// Deleting a message: not where the thread is both.
    Delete,
}

impl World {
    /// Whether a user may send this message in a channel, thread or DM.
    pub(crate) fn check_may_send(
        &self,
        user: Snowflake,
        id: Snowflake,
        new: &NewMessage,
    ) -> Answer<()> {
        let channel = self.visible_channel(user, id)?;
        if channel.kind.is_forum() {
            let text = "Cannot send a message in a forum channel";
            return Err(Refusal::new(400, 40_058, text));
        }
        if !channel.kind.has_messages() {
            let text = "Cannot send messages in a non-text channel";
            return Err(Refusal::new(400, 50_008, text));
        }
        if channel.guild_id.is_none() {
            self.check_dm_open(user, channel)?;
        }
        let sending = sending_bit(channel.kind);
        if self.permissions_in(user, id) & sending == 0 {
            return Err(Refusal::missing_permissions());
        }
        self.check_may_write(user, id, new)?;
        if let Some(thread) = channel.thread.as_ref().filter(|thread| thread.locked)
            && self.permissions_in(user, id) & bits::MANAGE_THREADS == 0
        {
            return Err(if thread.archived {
                Refusal::new(400, 50_083, "Thread is archived")
            } else {
                locked()
            });
        }
        if let Some(guild) = channel.guild_id
            && channel.thread.as_ref().is_some_and(|it| it.archived)
        {
            self.check_active_threads(guild)?;
        }
        Ok(())
    }

    /// Whether a user may use everything that a message holds in a channel.
    pub(crate) fn check_may_write(
        &self,
        user: Snowflake,
        id: Snowflake,
        new: &NewMessage,
    ) -> Answer<()> {
        let permissions = self.permissions_in(user, id);
        let demand = |used: bool, bit: u64| if used { bit } else { 0 };
        let needed = demand(!new.embeds.is_empty(), bits::EMBED_LINKS)
            | demand(!new.attachments.is_empty(), bits::ATTACH_FILES)
            | demand(new.tts, bits::SEND_TTS_MESSAGES)
            | demand(new.poll.is_some(), bits::SEND_POLLS);
        if permissions & needed != needed {
            return Err(Refusal::missing_permissions());
        }
        if new.flags & flag::IS_VOICE_MESSAGE != 0 && permissions & bits::SEND_VOICE_MESSAGES == 0 {
            let text = "You cannot send voice messages in this channel.";
            return Err(Refusal::new(403, 50_173, text));
        }
        let reference = new.reference.as_ref();
        if reference.is_some_and(|it| !it.forward) && permissions & bits::READ_MESSAGE_HISTORY == 0
        {
            let text = "Cannot reply without permission to read message history";
            return Err(Refusal::new(403, 160_002, text));
        }
        self.check_stickers(user, id, &new.sticker_ids)
    }

    /// Stickers are those of the guild, or with permission those of another guild of the sender's.
    fn check_stickers(&self, user: Snowflake, id: Snowflake, stickers: &[Snowflake]) -> Answer<()> {
        let here = self.guild_of(id);
        let external = self.permissions_in(user, id) & bits::USE_EXTERNAL_STICKERS != 0;
        for sticker in stickers.iter().filter(|id| !is_standard(**id)) {
            let mut guilds = self.guilds.values();
            let home = guilds.find(|guild| guild.stickers.contains_key(sticker));
            let home = home.ok_or_else(|| Refusal::unknown(Unknown::Sticker))?.id;
            let foreign = here.is_some_and(|here| here != home);
            if foreign && !external || !self.is_member(home, user) {
                let text = "You do not have permission to send this sticker.";
                return Err(Refusal::new(403, 50_600, text));
            }
        }
        Ok(())
    }

    /// Bots reach people who share a guild with them and accept direct messages.
    fn check_dm_open(&self, user: Snowflake, channel: &Channel) -> Answer<()> {
        if channel.kind != ChannelKind::Dm {
            return Ok(());
        }
        let others = || channel.recipients.iter().filter(|other| **other != user);
        if others().any(|other| self.users.get(other).is_none_or(|it| !it.accepts_dms)) {
            let text = "Cannot send messages to this user";
            return Err(Refusal::new(403, 50_007, text));
        }
        let shares_guild = |other: &Snowflake| {
            let mut guilds = self.guilds.values();
            guilds.any(|it| it.members.contains_key(&user) && it.members.contains_key(other))
        };
        if self.applications.contains_key(&user) && !others().all(shares_guild) {
            let text = "Cannot send messages to this user due to having no mutual guilds";
            return Err(Refusal::new(403, 50_278, text));
        }
        Ok(())
    }

    /// Holds back what an archived or locked thread does not allow.
    pub(crate) fn check_thread_open(
        &self,
        user: Snowflake,
        channel: Snowflake,
        act: ThreadAct,
    ) -> Answer<()> {
        let channel = self.channels.get(&channel);
        let Some((id, thread)) = channel.and_then(|it| Some((it.id, it.thread.as_ref()?))) else {
            return Ok(());
        };
        let bound = thread.locked && self.permissions_in(user, id) & bits::MANAGE_THREADS == 0;
        if thread.archived && (act != ThreadAct::Delete || bound) {
            return Err(Refusal::new(400, 50_083, "Thread is archived"));
        }
        if bound && act == ThreadAct::Edit {
            return Err(locked());
        }
        Ok(())
    }

    /// A bot that cannot read a message's content cannot pass it on.
    pub(super) fn check_may_forward(
        &self,
        user: Snowflake,
        message: &super::Message,
    ) -> Answer<()> {
        if !kind::is_written(message.kind) || message.poll.is_some() {
            let text = "You cannot forward this message";
            let code = "MESSAGE_REFERENCE_NOT_FORWARDABLE";
            return Err(Refusal::field("message_reference", code, text));
        }
        if self.may_read_content(user, message) {
            return Ok(());
        }
        let text = "You cannot forward a message whose content you cannot read";
        Err(Refusal::new(400, 160_014, text))
    }
}

/// The bit that governs sending in a channel of this kind.
pub(crate) fn sending_bit(kind: ChannelKind) -> u64 {
    if kind.is_thread() {
        bits::SEND_MESSAGES_IN_THREADS
    } else {
        bits::SEND_MESSAGES
    }
}

fn locked() -> Refusal {
    Refusal::new(403, 160_005, "Thread is locked")
}
