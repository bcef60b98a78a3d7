//! The one lock around the world, and the fan-out of what a locked section caused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};

use super::{DispatchSink, SandboxClock, World, WorldConfig};

/// A world that many requests and sessions share. Locked only for synchronous work; those who only
/// look do so side by side. A panic in one request must not end the sandbox, so a poisoned lock is
/// taken over.
pub struct Shared {
    world: RwLock<World>,
    sinks: Mutex<Vec<Arc<dyn DispatchSink>>>,
    clock: SandboxClock,
}

impl Shared {
    /// An empty world.
    pub fn new(config: WorldConfig) -> Arc<Self> {
        let clock = config.clock.clone();
        let world = RwLock::new(World::new(config));
        Arc::new(Self {
            world,
            sinks: Mutex::default(),
            clock,
        })
    }

    /// Looks at the world.
    pub fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        {
            let world = self.world.read().unwrap_or_else(PoisonError::into_inner);
            if !world.is_anything_due() {
                return look(&world);
            }
        }
        look(&self.up_to_date())
    }

    /// Changes the world, then hands what happened to every sink, still in the order of effects.
    pub fn write<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.up_to_date();
        let answer = change(&mut world);
        self.deliver(&mut world);
        answer
    }

    /// Lets happen what is due by itself, as every look and every change does first.
    pub fn run_due(&self) {
        drop(self.up_to_date());
    }

    /// The world as of now.
    fn up_to_date(&self) -> RwLockWriteGuard<'_, World> {
        let mut world = self.world.write().unwrap_or_else(PoisonError::into_inner);
        while world.run_next_due() {
            self.deliver(&mut world);
        }
        world
    }

    fn deliver(&self, world: &mut World) {
        let dispatches = world.take_dispatches();
        if !dispatches.is_empty() {
            for sink in self.sinks().iter() {
                sink.deliver(world, &dispatches);
            }
        }
    }

    /// Registers a sink for the life of the world.
    pub fn subscribe(&self, sink: Arc<dyn DispatchSink>) {
        self.sinks().push(sink);
    }

    fn sinks(&self) -> MutexGuard<'_, Vec<Arc<dyn DispatchSink>>> {
        self.sinks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock that the world lives by.
    pub fn clock(&self) -> &SandboxClock {
        &self.clock
    }
}
