//! Whether a world contradicts itself. Nothing that anybody can ask for may make it do so, which
//! is what the property tests ask after every request; a restored world is asked too.
//!
//! Two looks: [`references`] walks everything that a snapshot would hold, so that no new state can
//! hold an id of something that is gone; the rest are rules of single things.

mod channels;
mod guilds;
mod messages;
mod references;

use super::World;

impl World {
    /// Every contradiction, in words. Walks the whole world, so it is for tests and for restoring.
    pub fn inconsistencies(&self) -> Vec<String> {
        let mut found = Found::default();
        references::check(self, &mut found);
        guilds::check(self, &mut found);
        channels::check(self, &mut found);
        messages::check(self, &mut found);
        found.0
    }
}

/// What was found so far.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    /// Notes a sentence unless something holds.
    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.0.push(otherwise());
        }
    }
}
