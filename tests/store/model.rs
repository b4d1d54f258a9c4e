//! Whatever order things are done in, the portal is as a model of a few lines says.

use std::collections::BTreeSet;

use portico::{
    actions::{self, Conflict, Error, Policy, apps::NewApp, information::IconChoice},
    domain::{
        account::{Developer, Owner},
        app::{App, AppType, StateKind},
        lane::Waiting,
        overlap::{KeepOld, MAX_OLD},
        time::Span,
    },
    store::AppFilter,
};
use proptest::prelude::*;

use crate::support::{
    databases::Kind,
    world::{Person, World, at_most, information, parsed, policy, subscribing_to},
};

const MAX_APPS: usize = 3;
const MAX_SUBSCRIPTIONS: usize = 2;

/// A number names the app made at that place, counted around.
#[derive(Clone, Debug)]
enum Step {
    Create(&'static str),
    Subscribe(usize),
    Activate(usize),
    Deactivate(usize),
    Reactivate(usize),
    Delete(usize),
    Regenerate(KeepOld),
    AnHourPasses,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::sample::select(vec!["Relay", "RELAY", "Bridge", "Ledger", "Atlas"]).prop_map(Step::Create),
        4 => (0..6_usize).prop_map(Step::Subscribe),
        3 => (0..6_usize).prop_map(Step::Activate),
        2 => (0..6_usize).prop_map(Step::Deactivate),
        1 => (0..6_usize).prop_map(Step::Reactivate),
        2 => (0..6_usize).prop_map(Step::Delete),
        3 => prop::sample::select(vec![KeepOld::No, KeepOld::Hour, KeepOld::Hour]).prop_map(Step::Regenerate),
        1 => Just(Step::AnHourPasses),
    ]
}

/// What came of a step, as far as the model tells.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    NotFound,
    Invalid,
    Conflict(Conflict),
}

impl<T> From<Result<T, Error>> for Outcome {
    fn from(result: Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(Error::NotFound) => Self::NotFound,
            Err(Error::Invalid(_)) => Self::Invalid,
            Err(Error::Conflict(conflict)) => Self::Conflict(conflict),
            Err(other @ (Error::TooMany { .. } | Error::Unavailable(_) | Error::Internal(_))) => {
                panic!("{other:?}")
            }
        }
    }
}

/// An app in the model; its place is that of the real one.
#[derive(Debug)]
struct Modelled {
    name: String,
    state: StateKind,
    subscriptions: usize,
    gone: bool,
}

#[derive(Debug, Default)]
struct Model {
    apps: Vec<Modelled>,
    names: BTreeSet<String>,
    old_secrets: usize,
}

impl Model {
    fn living(&self) -> usize {
        self.apps.iter().filter(|app| !app.gone).count()
    }

    fn take(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Create(name) => self.create(&name.to_lowercase()),
            Step::Subscribe(place) => self.with(*place, |app, _| {
                if app.subscriptions == MAX_SUBSCRIPTIONS {
                    return Outcome::Conflict(Conflict::SubscriptionLimit { max: 2 });
                }
                app.subscriptions += 1;
                Outcome::Done
            }),
            Step::Activate(place) => {
                self.with(*place, |app, _| turn(app, StateKind::Draft, StateKind::Active))
            }
            Step::Deactivate(place) => {
                self.with(*place, |app, _| turn(app, StateKind::Active, StateKind::Deactivated))
            }
            Step::Reactivate(place) => {
                self.with(*place, |app, _| turn(app, StateKind::Deactivated, StateKind::Active))
            }
            Step::Delete(place) => self.with(*place, |app, names| {
                app.gone = true;
                // The name of an app that was never active is free at once.
                if app.state == StateKind::Draft {
                    names.remove(&app.name);
                }
                Outcome::Done
            }),
            Step::Regenerate(KeepOld::No) => {
                self.old_secrets = 0;
                Outcome::Done
            }
            Step::Regenerate(KeepOld::Hour | KeepOld::Day | KeepOld::Week) => {
                if self.old_secrets == MAX_OLD {
                    return Outcome::Conflict(Conflict::OldSecrets);
                }
                self.old_secrets += 1;
                Outcome::Done
            }
            Step::AnHourPasses => {
                self.old_secrets = 0;
                Outcome::Done
            }
        }
    }

    fn create(&mut self, name: &str) -> Outcome {
        if self.living() == MAX_APPS {
            return Outcome::Conflict(Conflict::AppLimit { max: 3 });
        }
        if !self.names.insert(name.to_owned()) {
            return Outcome::Invalid;
        }
        let name = name.to_owned();
        self.apps.push(Modelled { name, state: StateKind::Draft, subscriptions: 0, gone: false });
        Outcome::Done
    }

    fn with(
        &mut self,
        place: usize,
        change: impl FnOnce(&mut Modelled, &mut BTreeSet<String>) -> Outcome,
    ) -> Outcome {
        let place = place % self.apps.len();
        match self.apps.get_mut(place) {
            Some(app) if !app.gone => change(app, &mut self.names),
            Some(_) | None => Outcome::NotFound,
        }
    }
}

fn turn(app: &mut Modelled, from: StateKind, to: StateKind) -> Outcome {
    if app.state != from {
        return Outcome::Conflict(Conflict::State(app.state));
    }
    app.state = to;
    Outcome::Done
}

/// The portal, with the apps made so far, those that are gone too.
struct Portal {
    world: World,
    ada: Person,
    apps: Vec<App>,
}

impl Portal {
    async fn take(&mut self, step: &Step) -> Outcome {
        let (ctx, acting) = (&self.world.ctx, self.world.acting::<Developer>(&self.ada));
        let app = |place: &usize| self.apps.get(place % self.apps.len()).expect("an app");
        match step {
            Step::Create(name) => return self.create(name).await,
            Step::Subscribe(place) => {
                let (form, new) = (self.world.form(&self.ada), subscribing_to(&["user.created"]));
                actions::subscriptions::create(ctx, &acting, app(place), form, &new).await.into()
            }
            Step::Activate(place) => actions::activation::activate(ctx, &acting, app(place).id).await.into(),
            Step::Deactivate(place) => {
                actions::activation::deactivate(ctx, &acting, app(place).id).await.into()
            }
            Step::Reactivate(place) => {
                actions::activation::reactivate(ctx, &acting, app(place).id, Waiting::Send).await.into()
            }
            Step::Delete(place) => {
                let (app, owner) = (app(place), self.world.acting::<Owner>(&self.ada));
                actions::apps::delete(ctx, &owner, app.id, app.information.name.as_str()).await.into()
            }
            Step::Regenerate(keep) => {
                let (form, owner) = (self.world.form(&self.ada), self.world.acting::<Owner>(&self.ada));
                actions::credentials::regenerate(ctx, &owner, app(&0), form, *keep).await.into()
            }
            Step::AnHourPasses => {
                self.world.clock.advance(Span::hours(1));
                Outcome::Done
            }
        }
    }

    async fn create(&mut self, name: &str) -> Outcome {
        let (ctx, acting) = (&self.world.ctx, self.world.acting::<Developer>(&self.ada));
        let new = NewApp { app_type: AppType::Jwt, name: parsed(name) };
        let id = match actions::apps::create(ctx, &acting, self.world.form(&self.ada), &new).await {
            Ok(created) => created.into_inner(),
            refused @ Err(_) => return refused.into(),
        };
        // All that activation needs, since what it lacks is another test's business.
        let saved = actions::information::save(ctx, &acting, id, information(name), IconChoice::Keep).await;
        self.apps.push(actions::apps::seen_by(ctx, self.ada.id, id).await.expect("its maker sees it"));
        saved.into()
    }

    async fn is(&self, model: &Model) {
        let mut conn = self.world.database.read().await;
        for (app, modelled) in self.apps.iter().zip(&model.apps) {
            let now = conn.app(self.ada.account, app.id).await.expect("a row or none");
            assert_eq!(now.map(|app| app.state.kind()), (!modelled.gone).then_some(modelled.state));
            let expected = if modelled.gone { 0 } else { modelled.subscriptions };
            let count = conn.subscription_count(app.account, app.id).await.expect("a count");
            assert_eq!(usize::try_from(count), Ok(expected));
        }
        let page = conn.apps(self.ada.account, &AppFilter::default()).await.expect("a page");
        assert_eq!(page.apps.len(), model.living());
        let pair = actions::credentials::pair(&self.world.ctx, &self.world.acting::<Owner>(&self.ada))
            .await
            .expect("a pair");
        assert_eq!((pair.current.is_some(), pair.old.len()), (true, model.old_secrets));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_done_the_portal_is_as_its_model(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let policy = Policy { max_apps: at_most(3), max_subscriptions: at_most(2), ..policy() };
            let world = World::under(Kind::Sqlite, policy).await;
            let ada = world.user("ada@meridian.example").await;
            let (mut portal, mut model) = (Portal { world, ada, apps: Vec::new() }, Model::default());
            for step in [Step::Create("First")].iter().chain(&steps) {
                assert_eq!(portal.take(step).await, model.take(step), "{step:?}");
                portal.is(&model).await;
            }
        });
    }
}
