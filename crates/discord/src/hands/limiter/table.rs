//! The table of buckets: which route belongs to which, as answers have told, and bounded.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    bucket::{Bucket, Size, View},
    headers::Observed,
    route::Route,
};

/// Buckets kept. Idle ones are forgotten first; each takes about 300 bytes.
const MAX_BUCKETS: usize = 4_096;
/// Routes remembered; the API has fewer than 300.
const MAX_ROUTES: usize = 1_024;

/// A bucket's name (Discord's hash, or the route's own name until it is known) and the resource.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    name: Arc<str>,
    major: Arc<str>,
}

struct Known {
    name: Arc<str>,
    size: Size,
    /// How long its windows are, as far as answers told.
    length: Duration,
}

#[derive(Default)]
pub(super) struct Table {
    routes: HashMap<Arc<str>, Known>,
    buckets: HashMap<Key, Bucket>,
}

impl Table {
    pub(super) fn get(&self, key: &Key) -> Option<&Bucket> {
        self.buckets.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &Key) -> Option<&mut Bucket> {
        self.buckets.get_mut(key)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }

    /// What a forecast sees of a route; where its bucket is new, what others of the route told.
    pub(super) fn view(&self, route: &Route, now: Instant) -> View {
        if let Some(bucket) = self.buckets.get(&self.key(route)) {
            return bucket.view(now);
        }
        let known = self.routes.get(&route.name);
        let size = known.map_or(Size::Unknown, |known| known.size);
        let length = known.map_or(Duration::ZERO, |known| known.length);
        Bucket::new(size).with_length(length).view(now)
    }

    /// The limit of one resource shrank: one request goes ahead for each of the others.
    pub(super) fn doubt_others(&mut self, than: &Key) {
        for (key, bucket) in &mut self.buckets {
            if key.name == than.name && key != than {
                bucket.doubt();
            }
        }
    }

    /// The bucket of a route, made if there is none yet.
    pub(super) fn open(&mut self, route: &Route, now: Instant) -> Key {
        let key = self.key(route);
        let size = self
            .routes
            .get(&route.name)
            .map_or(Size::Unknown, |known| known.size);
        self.ensure(&key, size, now);
        key
    }

    /// Learn from an answer which bucket a route belongs to. When buckets changed their name,
    /// the pairs of old and new are returned.
    pub(super) fn learn(
        &mut self,
        route: &Route,
        observed: &Observed,
        now: Instant,
    ) -> Vec<(Key, Key)> {
        let size = observed
            .limit
            .map_or(Size::Unknown, |limit| Size::Limit(limit.max(1)));
        let Some(hash) = observed.bucket.as_deref() else {
            self.learn_size(route, observed, size);
            return Vec::new();
        };
        let before = self.key(route);
        if &*before.name == hash {
            self.learn_size(route, observed, size);
            return Vec::new();
        }
        let name: Arc<str> = hash.into();
        self.remember(
            route,
            Known {
                name: Arc::clone(&name),
                size,
                length: observed.reset_after.unwrap_or_default(),
            },
        );
        if before.name != route.name {
            // Discord moved the route: those under way and in line stay where they are.
            self.ensure(
                &Key {
                    name,
                    major: before.major,
                },
                size,
                now,
            );
            return Vec::new();
        }
        self.rename(&before.name, &name, size)
    }

    /// Until told otherwise, answers without headers mean that nobody counts. Errors of the
    /// server, and refusals before it looked, say nothing.
    fn learn_size(&mut self, route: &Route, observed: &Observed, size: Size) {
        let told = size != Size::Unknown && observed.refused.is_none();
        let nothing_to_tell = observed.refused.is_none()
            && observed.remaining.is_none()
            && !matches!(observed.status, 401 | 403 | 500..);
        let name = self.key(route).name;
        if told {
            let before = self.routes.get(&route.name);
            let before = before.map_or(Duration::ZERO, |known| known.length);
            let length = observed.reset_after.unwrap_or_default().max(before);
            self.remember(route, Known { name, size, length });
        } else if nothing_to_tell && !self.routes.contains_key(&route.name) {
            self.remember(
                route,
                Known {
                    name: Arc::clone(&name),
                    size: Size::Unlimited,
                    length: Duration::ZERO,
                },
            );
            for (key, bucket) in &mut self.buckets {
                if key.name == name {
                    bucket.found_unlimited();
                }
            }
        }
    }

    /// Of every resource at once, so that no window is counted under two names.
    fn rename(&mut self, old: &Arc<str>, new: &Arc<str>, size: Size) -> Vec<(Key, Key)> {
        let keys: Vec<Key> = self
            .buckets
            .keys()
            .filter(|key| key.name == *old)
            .cloned()
            .collect();
        let mut renamed = Vec::with_capacity(keys.len());
        for key in keys {
            let target = Key {
                name: Arc::clone(new),
                major: Arc::clone(&key.major),
            };
            if let Some(bucket) = self.buckets.remove(&key) {
                self.buckets
                    .entry(target.clone())
                    .or_insert_with(|| Bucket::new(size))
                    .absorb(bucket);
            }
            renamed.push((key, target));
        }
        renamed
    }

    pub(super) fn key(&self, route: &Route) -> Key {
        let known = self.routes.get(&route.name);
        Key {
            name: Arc::clone(known.map_or(&route.name, |known| &known.name)),
            major: Arc::clone(&route.major),
        }
    }

    fn remember(&mut self, route: &Route, known: Known) {
        if self.routes.len() >= MAX_ROUTES && !self.routes.contains_key(&route.name) {
            self.routes.clear();
        }
        self.routes.insert(Arc::clone(&route.name), known);
    }

    fn ensure(&mut self, key: &Key, size: Size, now: Instant) {
        if self.buckets.contains_key(key) {
            return;
        }
        if self.buckets.len() >= MAX_BUCKETS {
            self.evict(now);
        }
        self.buckets.insert(key.clone(), Bucket::new(size));
    }

    /// Forget what is idle; if that is not enough, the half that was used longest ago.
    fn evict(&mut self, now: Instant) {
        self.buckets.retain(|_, bucket| !bucket.is_idle(now));
        if self.buckets.len() < MAX_BUCKETS {
            return;
        }
        let mut starts: Vec<_> = self.buckets.values().map(Bucket::last_start).collect();
        starts.sort_unstable();
        let middle = starts[starts.len() / 2];
        self.buckets
            .retain(|_, bucket| !bucket.is_unused() || bucket.last_start() > middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bucket: &str) -> Observed {
        Observed {
            status: 200,
            bucket: Some(bucket.to_owned()),
            limit: Some(5),
            remaining: Some(4),
            reset_after: Some(Duration::from_secs(1)),
            ..Observed::default()
        }
    }

    #[test]
    fn routes_with_one_hash_share_a_bucket_for_each_resource() {
        let now = Instant::now();
        let mut table = Table::default();
        let (add, remove) = (Route::named("PUT /r", "1"), Route::named("DELETE /r", "1"));
        assert!(table.open(&add, now) != table.open(&remove, now));
        assert_eq!(table.learn(&add, &named("abc"), now).len(), 1);
        table.learn(&remove, &named("abc"), now);
        assert!(table.open(&add, now) == table.open(&remove, now));
        assert!(table.open(&add, now) != table.open(&Route::named("PUT /r", "2"), now));
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn the_table_stays_bounded() {
        let now = Instant::now();
        let mut table = Table::default();
        for major in 0..3 * MAX_BUCKETS {
            let key = table.open(&Route::named("GET /c", &major.to_string()), now);
            let bucket = table.get_mut(&key).unwrap();
            bucket.start(now);
            bucket.answer(now, &named("abc"));
            assert!(table.len() <= MAX_BUCKETS);
        }
        for route in 0..3 * MAX_ROUTES {
            table.learn(&Route::named(&route.to_string(), ""), &named("abc"), now);
            assert!(table.routes.len() <= MAX_ROUTES);
        }
    }
}
