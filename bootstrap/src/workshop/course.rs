//! A learner's way through a track: where it stands, what is checked, and the way back.
//!
//! How far a learner is, is written before the checkpoint of the next step is made, so that a reset brings that back too.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};

use super::judge::{Said, judge};
use super::look::look;
use super::platform::Platform;
use super::progress::{self, Progress};
use super::solve::{self, Told};
use super::track::{Step, Track};
use super::{LEARNER, WorkshopError, back, find, find_for, people, tracks};
use crate::checkpoint::{self, About};
use crate::kubernetes::credentials::Found;
use crate::report::{Reporter, json};
use crate::reset::{self, Done};

/// How often is looked while a check waits.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// Who learns, and where.
pub struct Course {
    /// The platform that is learned on.
    pub platform: Platform,
    /// Name under which the progress is kept, as [`LEARNER`](super::LEARNER).
    pub learner: String,
}

/// Where a learner stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The track that is followed.
    pub track: Track,
    /// What is kept in the cluster about it.
    pub progress: Progress,
    /// Number of the step, from 1.
    pub number: usize,
}

impl Standing {
    fn of(track: Track, progress: Progress) -> Result<Self, WorkshopError> {
        let found = track.step(&progress.step).map(|(number, _)| number);
        match found {
            Some(number) => Ok(Self { track, progress, number }),
            // The page was written anew since.
            None => Err(WorkshopError::NoStep { track: progress.track, step: progress.step }),
        }
    }

    /// The step that is worked on.
    pub fn step(&self) -> &Step {
        &self.track.steps[self.number - 1]
    }

    /// The step after it.
    pub fn next(&self) -> Option<&Step> {
        self.track.steps.get(self.number)
    }

    /// Whether the step that is worked on is done.
    pub(crate) fn is_done(&self) -> bool {
        self.progress.is_done(&self.step().id)
    }

    /// Name of the checkpoint of this step's beginning.
    pub fn checkpoint(&self) -> String {
        checkpoint_of(&self.track, self.number)
    }
}

fn checkpoint_of(track: &Track, number: usize) -> String {
    format!("workshop-{}-{number}", track.name)
}

/// What a check found.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What each check of the step came to, in their order.
    pub said: Vec<Said>,
    /// Whether all of it holds.
    pub passed: bool,
    /// The checkpoint that was made for the next step.
    pub checkpoint: Option<String>,
}

impl Course {
    /// Where the learner stands.
    ///
    /// # Errors
    /// [`WorkshopError::NotBegun`] before `start`.
    pub async fn standing(&self) -> Result<Standing, WorkshopError> {
        let progress = progress::read(&self.platform.place.client, &self.learner).await?;
        let progress = progress.ok_or_else(|| WorkshopError::NotBegun { platform: self.platform.name().into() })?;
        Standing::of(find_for(&progress.track, &self.learner)?, progress)
    }

    /// Whether the platform is the learner's alone: then each step's beginning is a checkpoint of it.
    pub fn is_alone(&self) -> bool {
        self.learner == LEARNER
    }

    /// Lets one of several learners in, who has an account then: what it opens, and who it is like.
    ///
    /// # Errors
    /// The account cannot be made, or the track is for one alone.
    pub async fn let_in(&mut self, track: &Track) -> Result<Option<Found>, WorkshopError> {
        if self.is_alone() {
            return Ok(None);
        }
        let found = people::ensure(&self.platform, &self.learner, &find(&track.name)?.user).await?;
        self.platform.know(found.clone());
        Ok(Some(found))
    }

    /// Makes the account known of a learner who was let in before.
    ///
    /// # Errors
    /// The platform does not answer.
    pub async fn come_back(&mut self) -> Result<(), WorkshopError> {
        if self.is_alone() {
            return Ok(());
        }
        let progress = progress::read(&self.platform.place.client, &self.learner).await?;
        let Some(progress) = progress else { return Ok(()) };
        let found = people::read(&self.platform, &self.learner, &find(&progress.track)?.user).await?;
        found.into_iter().for_each(|found| self.platform.know(found));
        Ok(())
    }

    /// Begins a track.
    ///
    /// # Errors
    /// The checkpoint cannot be made.
    pub async fn start(&self, track: Track) -> Result<Standing, WorkshopError> {
        let client = &self.platform.place.client;
        let had = progress::read(client, &self.learner).await?;
        let mut progress = Progress::beginning(&self.learner, &track, had, &now());
        progress.like = if self.is_alone() { None } else { Some(find(&track.name)?.user) };
        let standing = Standing::of(track, progress)?;
        progress::write(client, &standing.progress).await?;
        self.keep(&standing.checkpoint()).await?;
        Ok(standing)
    }

    /// Keeps a beginning, where the platform is the learner's alone.
    async fn keep(&self, name: &str) -> Result<Option<String>, WorkshopError> {
        if !self.is_alone() {
            return Ok(None);
        }
        Ok(Some(checkpoint::create(&self.platform.place, name, true).await?.name))
    }

    /// Asks the checks of the step that is worked on, and waits for them if `waits`. What passes for the first time is noted,
    /// and a checkpoint is made for the next step.
    ///
    /// # Errors
    /// The progress or the checkpoint cannot be written; a check that cannot be asked is no error, but does not hold.
    pub async fn check(
        &self,
        standing: &mut Standing,
        answer: Option<&str>,
        waits: bool,
    ) -> Result<Checked, WorkshopError> {
        let said = self.ask(standing, answer, waits).await;
        let passed = !said.is_empty() && said.iter().all(|said| said.holds);
        let mut checked = Checked { said, passed, checkpoint: None };
        if passed && !standing.is_done() {
            standing.progress.finish(&now());
            progress::write(&self.platform.place.client, &standing.progress).await?;
            if standing.next().is_some() {
                let name = checkpoint_of(&standing.track, standing.number + 1);
                checked.checkpoint = self.keep(&name).await?;
            }
        }
        Ok(checked)
    }

    async fn ask(&self, standing: &Standing, answer: Option<&str>, waits: bool) -> Vec<Said> {
        let step = standing.step();
        let deadline = Instant::now() + Duration::from_secs(step.within);
        loop {
            let looks = step.checks.iter().map(|check| async move {
                judge(check, &look(&self.platform, check, &standing.progress.began, answer).await)
            });
            let said = join_all(looks).await;
            let may_come = said.iter().all(|said| said.holds || said.may_come);
            let is_over = said.iter().all(|said| said.holds) || !waits || !may_come;
            if is_over || Instant::now() + LOOK_AGAIN >= deadline {
                return said;
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Goes on to the next step; with `skip` also from one that is not done, for which the checkpoint is made now.
    ///
    /// # Errors
    /// [`WorkshopError::NotDone`], or [`WorkshopError::Finished`] after the last step.
    pub async fn next(&self, standing: Standing, skip: bool) -> Result<Standing, WorkshopError> {
        let (is_done, step) = (standing.is_done(), standing.step().title.clone());
        if !is_done && !skip {
            return Err(WorkshopError::NotDone { number: standing.number, step });
        }
        let Some(next) = standing.next().map(|next| next.id.clone()) else {
            return Err(WorkshopError::Finished { track: standing.track.name });
        };
        let Standing { track, mut progress, .. } = standing;
        progress.go_on(&next, &now());
        let standing = Standing::of(track, progress)?;
        progress::write(&self.platform.place.client, &standing.progress).await?;
        if !is_done {
            self.keep(&standing.checkpoint()).await?;
        }
        Ok(standing)
    }

    /// Does the step, and checks it.
    ///
    /// # Errors
    /// Something of it could not be done.
    pub async fn solve(&self, standing: &mut Standing, told: Told<'_>) -> Result<Checked, WorkshopError> {
        solve::solve(&self.platform, &standing.track, standing.step(), told).await?;
        let answer = solve::answer(standing.step());
        self.check(standing, answer.as_deref(), true).await
    }

    /// The checkpoint of the step's beginning.
    ///
    /// # Errors
    /// [`WorkshopError::NoWayBack`] if it is not there.
    pub async fn beginning(&self, standing: &Standing) -> Result<About, WorkshopError> {
        let name = standing.checkpoint();
        let all = checkpoint::list(&self.platform.place).await?;
        let lost = || WorkshopError::NoWayBack { number: standing.number, checkpoint: name.clone() };
        all.into_iter().find(|about| about.name == name).ok_or_else(lost)
    }

    /// Goes back to the beginning of the step.
    ///
    /// # Errors
    /// As a reset.
    pub async fn reset(
        &self,
        standing: Standing,
        about: &About,
        reporter: Arc<dyn Reporter>,
    ) -> Result<(Standing, Done), WorkshopError> {
        let done = reset::told(&self.platform.place, about, reporter).await?;
        let client = &self.platform.place.client;
        // What was done then is back; the step that was gone to since is not.
        let back = progress::read(client, &self.learner).await?;
        let Standing { track, progress, .. } = standing;
        let mut back = back.filter(|back| back.track == track.name).unwrap_or_else(|| Progress {
            done: progress.done.iter().filter(|done| done.step != progress.step).cloned().collect(),
            ..progress.clone()
        });
        back.step.clone_from(&progress.step);
        back.began = now();
        let standing = Standing::of(track, back)?;
        progress::write(client, &standing.progress).await?;
        Ok((standing, done))
    }

    /// Goes back to the beginning of the step, for one of several learners: only what is theirs goes back.
    ///
    /// # Errors
    /// The Git server refuses something of it.
    pub async fn reset_own(&self, standing: Standing, told: Told<'_>) -> Result<Standing, WorkshopError> {
        back::to_the_beginning(&self.platform, &standing.track, standing.number, standing.step(), told).await?;
        let Standing { track, mut progress, .. } = standing;
        progress.begin_again(&now());
        let standing = Standing::of(track, progress)?;
        progress::write(&self.platform.place.client, &standing.progress).await?;
        Ok(standing)
    }

    /// Takes away what the course made: its record, and where nobody else follows it, its checkpoints. Gives their names.
    ///
    /// # Errors
    /// The platform refuses.
    pub async fn stop(&self) -> Result<Vec<String>, WorkshopError> {
        let place = &self.platform.place;
        if !self.is_alone() {
            let progress = progress::read(&place.client, &self.learner).await?;
            let progress = progress.ok_or_else(|| WorkshopError::NotBegun { platform: self.platform.name().into() })?;
            people::forget(&self.platform, &self.learner, &find(&progress.track)?.user).await?;
        }
        progress::forget(&place.client, &self.learner).await?;
        if !progress::all(&place.client).await?.is_empty() {
            return Ok(Vec::new());
        }
        let own = checkpoints(&tracks()?);
        let mut gone = Vec::new();
        for about in checkpoint::list(place).await?.into_iter().filter(|about| own.contains(&about.name)) {
            checkpoint::delete(place, &about.name).await?;
            gone.push(about.name);
        }
        Ok(gone)
    }
}

/// Names of all checkpoints that the course may have made.
fn checkpoints(tracks: &[Track]) -> Vec<String> {
    let of = |track: &Track| (1..=track.steps.len()).map(|number| checkpoint_of(track, number)).collect::<Vec<_>>();
    tracks.iter().flat_map(of).collect()
}

fn now() -> String {
    json::now().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::parse::tests::small;
    use super::*;

    #[test]
    fn a_learner_stands_at_a_step_that_the_page_has() {
        let mut progress = Progress::beginning("ada", &small(), None, "2026-01-01T00:00:00Z");
        let standing = Standing::of(small(), progress.clone()).expect("the first step");
        assert_eq!((standing.number, standing.checkpoint().as_str()), (1, "workshop-small-1"));
        assert_eq!(standing.next().map(|next| next.id.as_str()), Some("look"));
        assert!(!standing.is_done());
        progress.step = "gone".into();
        assert!(matches!(Standing::of(small(), progress), Err(WorkshopError::NoStep { .. })));
    }

    #[test]
    fn every_step_has_a_checkpoint_of_its_own_whose_name_can_be_one() {
        for track in tracks().expect("tracks").iter().chain([&small()]) {
            let names = checkpoints(std::slice::from_ref(track));
            assert_eq!(names.len(), track.steps.len());
            for name in names {
                assert_eq!(checkpoint::check_name(&name).ok(), Some(()), "{name}");
            }
        }
    }
}
