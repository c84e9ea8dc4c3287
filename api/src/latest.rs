//! The newest snapshot: made when somebody asks and something has changed, at most every so often,
//! by one at a time, and on a thread of its own.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::task;
use tokio::time::{self, Instant};

use crate::snapshot::Snapshot;
use crate::world::World;

/// How old a picture may be that is shown although something has changed since. Making one of
/// 20,000 objects takes some 100 ms of a processor, and while pods come and go something changes
/// with each of them.
const AGE_MAX: Duration = Duration::from_millis(200);

/// The last snapshot.
#[derive(Debug, Default)]
pub struct Latest {
    made: Mutex<Option<Made>>,
    /// Held by whoever makes the next one.
    making: AsyncMutex<()>,
}

#[derive(Clone, Debug)]
struct Made {
    /// Of the caches: everything up to here is in the picture.
    generation: u64,
    at: Instant,
    snapshot: Arc<Snapshot>,
}

impl Latest {
    /// A picture with everything in it that the caches had taken in at generation `needed`, and
    /// with everything but what came within the last moment.
    pub async fn since(self: &Arc<Self>, world: &Arc<World>, needed: u64) -> Arc<Snapshot> {
        if let Some(made) = self.serves(world, needed) {
            return made;
        }
        let turn = self.making.try_lock();
        if turn.is_err()
            && let Some(made) = self.made().clone().filter(|made| made.generation >= needed)
        {
            // The next one is being made; who can do with this one needn't wait for it.
            return made.snapshot;
        }
        let _turn = match turn {
            Ok(turn) => turn,
            Err(_) => self.making.lock().await,
        };
        match self.serves(world, needed) {
            Some(made) => made,
            None => self.make(world).await,
        }
    }

    /// A picture with everything in it that there is now, not before its time: for those who come
    /// back with every change.
    pub async fn in_time(self: &Arc<Self>, world: &Arc<World>) -> Arc<Snapshot> {
        let needed = world.generation();
        let next = self.made().as_ref().filter(|made| made.generation < needed).map(|made| made.at + AGE_MAX);
        if let Some(next) = next {
            time::sleep_until(next).await;
        }
        self.since(world, needed).await
    }

    fn serves(&self, world: &World, needed: u64) -> Option<Arc<Snapshot>> {
        let made = self.made().clone()?;
        let is_young = made.generation >= needed && made.at.elapsed() < AGE_MAX;
        (is_young || made.generation == world.generation()).then_some(made.snapshot)
    }

    async fn make(self: &Arc<Self>, world: &Arc<World>) -> Arc<Snapshot> {
        let (latest, world, at) = (Arc::clone(self), Arc::clone(world), Instant::now());
        let making = task::spawn_blocking(move || {
            let (generation, kept) = world.copy();
            let before = latest.made().as_ref().map(|made| Arc::clone(&made.snapshot));
            let version = format!("{}-{generation}", world.hub.epoch());
            let snapshot = Arc::new(Snapshot::of(&kept, version, before.as_deref()));
            // Kept here, so that it isn't made in vain where whoever asked has gone meanwhile.
            let mut made = latest.made();
            if made.as_ref().is_none_or(|made| made.generation <= generation) {
                *made = Some(Made { generation, at, snapshot: Arc::clone(&snapshot) });
            }
            snapshot
        });
        match making.await {
            Ok(snapshot) => snapshot,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The process ends, and with it every call.
                Err(_) => std::future::pending().await,
            },
        }
    }

    fn made(&self) -> MutexGuard<'_, Option<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use kube::runtime::watcher::Event;
    use resources::v1alpha1::{Department, DepartmentSpec};
    use serde_json::json;

    use super::*;

    fn changed(world: &World, name: &str) {
        let spec: DepartmentSpec = serde_json::from_value(json!({"displayName": name, "tier": "County"})).unwrap();
        world.apply(Event::Apply(Department::new(name, spec)));
    }

    fn names(snapshot: &Snapshot) -> Vec<&str> {
        snapshot.departments.keys().map(String::as_str).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_made_anew_only_so_often_unless_somebody_needs_more() {
        let (latest, world) = (Arc::new(Latest::default()), Arc::new(World::default()));
        changed(&world, "a");
        let first = latest.since(&world, 0).await;
        assert_eq!(names(&first), ["a"]);
        assert!(Arc::ptr_eq(&first, &latest.since(&world, 0).await));
        changed(&world, "b");
        assert!(Arc::ptr_eq(&first, &latest.since(&world, 0).await), "it is young");
        let second = latest.since(&world, world.generation()).await;
        assert_eq!(names(&second), ["a", "b"], "who has written something sees it");
        assert!(Arc::ptr_eq(&second, &latest.since(&world, 0).await), "and nobody goes back");
        changed(&world, "c");
        time::advance(AGE_MAX).await;
        assert_eq!(names(&*latest.since(&world, 0).await), ["a", "b", "c"]);
        time::advance(AGE_MAX * 10).await;
        let third = latest.since(&world, 0).await;
        assert!(Arc::ptr_eq(&third, &latest.since(&world, 0).await), "nothing has changed");
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_every_change_waits_for_the_next_in_time() {
        let (latest, world) = (Arc::new(Latest::default()), Arc::new(World::default()));
        latest.since(&world, 0).await;
        let start = Instant::now();
        changed(&world, "a");
        assert_eq!(names(&*latest.in_time(&world).await), ["a"]);
        assert!(start.elapsed() >= AGE_MAX - Duration::from_millis(50), "{:?}", start.elapsed());
        time::advance(AGE_MAX).await;
        let start = Instant::now();
        changed(&world, "b");
        assert_eq!(names(&*latest.in_time(&world).await), ["a", "b"]);
        assert!(start.elapsed() < AGE_MAX / 2, "after a pause nobody waits");
    }

    /// While a picture is being made the watches go on, and so do those who can do with the last.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_waits_for_a_picture_he_doesnt_need() {
        let (latest, world) = (Arc::new(Latest::default()), Arc::new(World::default()));
        changed(&world, "a");
        let first = latest.since(&world, 0).await;
        changed(&world, "b");
        time::sleep(AGE_MAX).await;
        let turn = latest.making.lock().await;
        assert!(Arc::ptr_eq(&first, &latest.since(&world, 0).await));
        let waiting = latest.since(&world, world.generation());
        assert!(time::timeout(Duration::from_millis(50), waiting).await.is_err());
        drop(turn);
        assert_eq!(names(&*latest.since(&world, world.generation()).await), ["a", "b"]);
    }
}
