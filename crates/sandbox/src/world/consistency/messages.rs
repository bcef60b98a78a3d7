//! Rules of messages: their place, author, pins, reactions and threads.

use std::collections::BTreeSet;

use super::Found;
use crate::world::message::flag;
use crate::world::{Message, World};

/// Discord: pins of a channel, emojis under a message.
const MAX_PINS: usize = 250;
const MAX_REACTIONS: usize = 20;

pub(super) fn check(world: &World, found: &mut Found) {
    for (channel, messages) in &world.messages {
        let Some(place) = world.channels.get(channel) else {
            found.expect(messages.is_empty(), || {
                format!(
                    "{} messages are in {channel}, which is gone",
                    messages.len()
                )
            });
            continue;
        };
        let mut pins = Vec::new();
        for (id, message) in messages {
            found.expect(message.id == *id && message.channel_id == *channel, || {
                format!(
                    "message {id} of {channel} is {} of {}",
                    message.id, message.channel_id
                )
            });
            pins.extend(message.pinned_ms);
            check_message(world, message, found);
        }
        found.expect(messages.is_empty() || place.kind.has_messages(), || {
            format!("channel {channel} of kind {:?} has messages", place.kind)
        });
        found.expect(pins.len() <= MAX_PINS, || {
            format!("{channel}: {} pins", pins.len())
        });
        // Deleting a pinned message does not move the time of the last pin.
        found.expect(pins.iter().max() <= place.last_pin_ms.as_ref(), || {
            format!("channel {channel} does not know when it was pinned last")
        });
    }
}

fn check_message(world: &World, message: &Message, found: &mut Found) {
    let id = message.id;
    let author = message.author_id;
    found.expect(
        message.webhook.is_some() || world.users.contains_key(&author),
        || format!("message {id} is by {author}, who is nobody"),
    );
    found.expect(message.reactions.len() <= MAX_REACTIONS, || {
        format!("message {id} has {} reactions", message.reactions.len())
    });
    for reaction in &message.reactions {
        let different: BTreeSet<_> = reaction.users.iter().collect();
        let fits = !reaction.users.is_empty() && different.len() == reaction.users.len();
        found.expect(fits, || {
            format!("message {id}: {:?} by {:?}", reaction.emoji, reaction.users)
        });
    }
    let started = world.channels.get(&id).and_then(|it| it.thread.as_ref());
    let in_forum = message.channel_id == id;
    found.expect(
        started.is_none() || in_forum || message.flags & flag::HAS_THREAD != 0,
        || format!("message {id} does not say that it has a thread"),
    );
    for file in &message.attachments {
        found.expect(file.channel_id == message.channel_id, || {
            format!("message {id} has a file of {}", file.channel_id)
        });
    }
}
