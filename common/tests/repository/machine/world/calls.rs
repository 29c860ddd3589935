//! A call that was made at the store, carried out on the store and in the model.

use common::repository::{Commit, HeadReading, Header, Result, StoreError};

use super::super::intercepted_store::{Call, PendingCall, Response};
use super::super::model::{Check, ensure, repairs, restores};
use super::super::operation::Fault;
use super::super::run::Work;

use super::{Caller, World};

impl World {
    pub(super) async fn respond(
        &mut self,
        publisher: usize,
        pending: &PendingCall,
        fault: Option<Fault>,
    ) -> Check<Result<Response>> {
        let call = pending.call.clone();
        let mut by = self.by(publisher);
        let failed = Err(StoreError::Unavailable("no response".into()));
        let writes = call.writes();
        match fault {
            Some(Fault::Old(back)) if matches!(call, Call::Head) => {
                return Ok(Ok(Response::Head(self.old_head(back))));
            }
            Some(Fault::Refused) => return Ok(failed),
            Some(Fault::Late) => {
                self.write_later(call, by);
                return Ok(failed);
            }
            Some(Fault::Lost) => {
                by.is_response_lost = true;
                self.perform(call, by).await?.ok();
                return Ok(failed);
            }
            Some(Fault::Twice) if writes => self.write_later(call.clone(), by.clone()),
            _ => {}
        }
        let response = self.perform(call.clone(), by).await?;
        let now = self.time;
        let publisher = &mut self.publishers[publisher];
        match (&call, &response) {
            (Call::Acquire(_), Ok(Response::Lease(Ok(reading)))) => {
                publisher.fence = Some(reading.head.fence);
                publisher.since = now;
                publisher.dirty = reading.head.dirty;
            }
            (Call::Parts, Ok(Response::Parts(names))) => {
                publisher.listed = Some((now, names.clone()));
            }
            (Call::Release(_, release), Ok(_)) if release.is_view_current => {
                // A whole audit removes what a paused publisher brought back.
                if publisher.dirty && self.stale_view_write < publisher.since {
                    self.returned.clear();
                }
                self.check_view().await?;
            }
            _ => {}
        }
        Ok(response)
    }

    pub(super) fn by(&self, publisher: usize) -> Caller {
        let publisher = &self.publishers[publisher];
        let goal = publisher.notes.open().goal.clone();
        let gone_back = || {
            let header = goal?;
            let content = self.published.content(&self.model.lineage, &header);
            content.cloned()
        };
        let (wanted, is_sync) = match &publisher.work {
            Some(Work::Sync(wanted)) => (Some((**wanted).clone()), true),
            Some(Work::RollBack(_)) => (gone_back(), false),
            _ => (None, false),
        };
        Caller {
            wanted,
            is_sync,
            is_response_lost: false,
            is_stale: !publisher.fence.is_some_and(|fence| self.model.holds(fence)),
        }
    }

    pub(super) fn write_later(&mut self, call: Call, by: Caller) {
        if call.writes() {
            let late = Caller {
                is_response_lost: true,
                is_stale: true,
                ..by
            };
            self.delayed_writes.push((call, late));
        }
    }

    /// A head of so many changes ago; the oldest if there were not so many.
    pub(super) fn old_head(&self, back: usize) -> Option<HeadReading> {
        let place = self.heads.len().saturating_sub(back + 1);
        self.heads.get(place).cloned()
    }

    /// Makes a call on the store, and compares what it did with what it must do.
    pub(super) async fn perform(&mut self, call: Call, by: Caller) -> Check<Result<Response>> {
        self.time += 1;
        let unconfirmed = match &call {
            Call::Commit(_) if by.is_response_lost => {
                Some((self.fixture.save_the_head().await, self.model.clone()))
            }
            _ => None,
        };
        let absent = match &call {
            Call::WriteView(documents, _) if by.is_stale => Some(self.absent(documents).await?),
            _ => None,
        };
        let response = call.clone().perform(&*self.store).await;
        if let Err(error @ (StoreError::Unavailable(_) | StoreError::Unreadable { .. })) = &response
        {
            return Err(format!("{call:?}: {error}"));
        }
        let lost = matches!(response, Err(StoreError::LeaseLost));
        match (&call, &response) {
            (Call::Acquire(holder), Ok(Response::Lease(lease))) => {
                ensure!(
                    lease.is_ok() == self.model.grants(holder),
                    "pending for the lease that {:?} has, {holder} got {lease:?}",
                    self.model.lease
                );
                if lease.is_ok() {
                    self.model.acquire(holder);
                    self.let_the_lease_last().await?;
                }
            }
            (Call::Commit(commit), _) => {
                ensure!(
                    lost != self.model.may_commit(commit),
                    "at version {} and lease {}: {commit:?} gave {response:?}",
                    self.model.version,
                    self.model.fence
                );
                if let Ok(Response::Committed(head)) = &response {
                    self.committed(commit, head.header().cloned(), &by)?;
                }
            }
            (Call::PatchHead(fence, _) | Call::Release(fence, _), _) => {
                ensure!(
                    lost == (*fence != self.model.fence),
                    "under lease {}: {call:?} gave {response:?}",
                    self.model.fence
                );
                match &call {
                    Call::PatchHead(_, patch) if !lost => self.model.patch_head(patch),
                    Call::Release(_, release) if !lost => self.model.release(*release),
                    _ => {}
                }
            }
            (Call::Put(name, _), _) => {
                self.put.insert(*name, self.time);
            }
            _ => ensure!(response.is_ok(), "{call:?} gave {response:?}"),
        }
        if let Some(absent) = absent {
            self.returned.extend(absent);
            self.stale_view_write = self.time;
            if !self.model.dirty {
                self.check_view().await?;
            }
        }
        if matches!(
            call,
            Call::Acquire(_) | Call::Commit(_) | Call::PatchHead(..) | Call::Release(..)
        ) && !lost
        {
            self.unconfirmed = unconfirmed;
            self.check_head().await?;
        }
        if matches!(call, Call::Commit(_) | Call::Remove(_)) {
            self.check_parts().await?;
        }
        Ok(response)
    }

    pub(super) fn committed(
        &mut self,
        commit: &Commit,
        header: Option<Header>,
        by: &Caller,
    ) -> Check {
        let Some(header) = header else {
            return Err("the head after a commit has no header".into());
        };
        ensure!(
            !(by.is_sync && self.model.pin.is_some()) || restores(&header),
            "a sync went over the pin to version {:?}",
            self.model.pin
        );
        ensure!(
            !repairs(&header) || !self.damaged_parts.is_empty(),
            "nothing was damaged, and {header:?} repairs it"
        );
        let again = self.content().filter(|_| restores(&header));
        let Some(wanted) = again.or_else(|| by.wanted.clone()) else {
            return Err(format!("nobody wanted {commit:?}"));
        };
        self.model.commit(commit, header.clone(), self.retention)?;
        self.published.add(&self.model.lineage, header, wanted)
    }
}
