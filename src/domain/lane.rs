//! Lanes: what one subscription gets in turn, and when its endpoint is left alone.

use super::{
    account::Standing,
    app::{AppType, StateKind},
    delivery::attempt::Outcome,
    event::Environment,
    id::{AccountId, AppId, LaneId, SubscriptionId},
    text_enum::text_enum,
    time::{Span, Timestamp},
    url::EndpointUrl,
};

/// What a lane carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaneKind {
    Production,
    Development,
    /// Tests and probes, to either URL.
    Checks,
}

text_enum!(
    LaneKind,
    "kind of lane",
    Production = "production",
    Development = "development",
    Checks = "checks",
);

impl From<Environment> for LaneKind {
    /// The lane of an environment's events.
    fn from(environment: Environment) -> Self {
        match environment {
            Environment::Production => Self::Production,
            Environment::Development => Self::Development,
        }
    }
}

/// Why nothing is sent any more to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurnedOff {
    /// It answered 410.
    Gone,
    /// It failed for five days without a success.
    Failing,
}

text_enum!(TurnedOff, "cause", Gone = "gone", Failing = "failing");

/// What becomes of the events that wait for an app that is activated again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waiting {
    #[default]
    Send,
    Drop,
}

text_enum!(Waiting, "choice", Send = "send", Drop = "drop");

/// How an endpoint does, by what was last sent to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// In a row.
    pub failures: u32,
    /// When the first of them was, of those without a lull between them.
    pub failing_since: Option<Timestamp>,
    /// When the last of them was.
    pub failed_at: Option<Timestamp>,
    /// While its circuit is open: nothing is sent before.
    pub opens_at: Option<Timestamp>,
}

/// So many failures in a row open the circuit.
const OPENS_AFTER: u32 = 20;
/// How long it is open at first; twice as long with each failure more.
const FIRST_PAUSE: Span = Span::seconds(10);
const LONGEST_PAUSE: Span = Span::seconds(60);
/// An endpoint that fails for so long without a success is turned off.
const PATIENCE: Span = Span::days(5);
/// After so long without an attempt it is not known that the endpoint failed all the time.
const LULL: Span = Span::days(2);
/// However long an endpoint asks to be left alone: then it is asked again by one attempt.
const LONGEST_ASKED: Span = Span::hours(1);

impl Health {
    /// What one more attempt makes of it, with how long the endpoint asks to wait, if it does.
    #[must_use]
    pub fn after(self, outcome: Outcome, at: Timestamp, asked_to_wait: Option<Span>) -> Self {
        if outcome.is_success() {
            return Self::default();
        }
        let failures = self.failures.saturating_add(1);
        let doublings = failures.checked_sub(OPENS_AFTER);
        let pause = doublings.map(|times| {
            let pause = FIRST_PAUSE.micros().saturating_mul(1 << times.min(8));
            Span::from_micros(pause).min(LONGEST_PAUSE)
        });
        let asked = outcome.heeds(asked_to_wait).map(|asked| asked.min(LONGEST_ASKED));
        let is_new = self.failed_at.is_none_or(|last| at.since(last) > LULL);
        let own = pause.max(asked).map(|pause| at + pause);
        Self {
            failures,
            failing_since: self.failing_since.filter(|_| !is_new).or(Some(at)),
            failed_at: Some(at),
            // What ended at the same time may have said less.
            opens_at: own.max(self.opens_at.filter(|opens_at| *opens_at > at)),
        }
    }

    /// Why the endpoint is to be turned off after an attempt that led here, if it is.
    #[must_use]
    pub fn turns_off(&self, outcome: Outcome, at: Timestamp) -> Option<TurnedOff> {
        let is_failing = self.failing_since.is_some_and(|since| at.since(since) >= PATIENCE);
        if outcome.is_gone() { Some(TurnedOff::Gone) } else { is_failing.then_some(TurnedOff::Failing) }
    }

    /// Whether it failed so often in a row that it is left alone for that; else it asked to be.
    #[must_use]
    pub const fn fails(&self) -> bool {
        self.failures >= OPENS_AFTER
    }

    /// Whether nothing may be sent yet.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.opens_at.is_some_and(|at| now < at)
    }
}

/// A lane, with all that decides whether something may be sent.
#[derive(Clone, Debug)]
pub struct Lane {
    pub id: LaneId,
    pub kind: LaneKind,
    pub subscription: SubscriptionId,
    pub app: AppId,
    pub account: AccountId,
    /// When it may be looked at.
    pub due_at: Option<Timestamp>,
    pub health: Health,
    pub turned_off: Option<TurnedOff>,
    pub app_type: AppType,
    pub app_state: StateKind,
    /// Whether the app has Event Subscriptions toggled on.
    pub events_on: bool,
    pub standing: Standing,
    pub development: Option<EndpointUrl>,
    pub production: Option<EndpointUrl>,
}

impl Lane {
    /// Whether what waits must go on waiting until somebody changes something.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let receives = self.events_on && self.standing == Standing::Approved && self.turned_off.is_none();
        let flows = match self.kind {
            LaneKind::Production => {
                receives && self.app_state == StateKind::Active && self.production.is_some()
            }
            LaneKind::Development => {
                let is_used = matches!(self.app_state, StateKind::Draft | StateKind::Active);
                receives && is_used && self.development.is_some()
            }
            LaneKind::Checks => {
                self.app_state != StateKind::Suspended && self.standing != Standing::Suspended
            }
        };
        !flows
    }

    #[must_use]
    pub const fn url(&self, environment: Environment) -> Option<&EndpointUrl> {
        match environment {
            Environment::Production => self.production.as_ref(),
            Environment::Development => self.development.as_ref(),
        }
    }

    /// Where its events go; tests and probes go to either URL.
    #[must_use]
    pub const fn endpoint(&self) -> Option<&EndpointUrl> {
        match self.kind {
            LaneKind::Production => self.production.as_ref(),
            LaneKind::Development => self.development.as_ref(),
            LaneKind::Checks => None,
        }
    }

    /// Whether failures are counted. Those of what developers try out are not.
    #[must_use]
    pub const fn keeps_health(&self) -> bool {
        match self.kind {
            LaneKind::Production | LaneKind::Development => true,
            LaneKind::Checks => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{delivery::failure::Failure, id::Id};

    const NOW: Timestamp = Timestamp::from_seconds(1_795_504_800);
    const REFUSED: Outcome = Outcome::Answered(500);

    fn after(failures: u32) -> Health {
        (0..failures).fold(Health::default(), |health, _| health.after(REFUSED, NOW, None))
    }

    #[test]
    fn twenty_failures_in_a_row_open_the_circuit_for_longer_and_longer() {
        assert_eq!(after(19).opens_at, None);
        let pauses: Vec<_> = (20..25).map(|n| after(n).opens_at.unwrap().since(NOW).as_seconds()).collect();
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
        assert_eq!(after(1_000).opens_at, Some(NOW + Span::seconds(60)));
        assert!(after(20).fails() && !after(19).fails());
        assert!(after(20).is_open(NOW + Span::seconds(9)) && !after(20).is_open(NOW + Span::seconds(10)));
    }

    #[test]
    fn one_success_makes_good() {
        assert_eq!(after(30).after(Outcome::Answered(204), NOW, None), Health::default());
    }

    #[test]
    fn an_endpoint_is_turned_off_after_five_days_or_when_it_is_gone() {
        let later = |span| NOW + span;
        let refused = Outcome::Failed(Failure::ConnectRefused.into());
        let failing = after(1).after(refused, later(Span::days(1)), None);
        assert_eq!(failing.failing_since, Some(NOW));
        assert_eq!(failing.turns_off(REFUSED, later(Span::hours(119))), None);
        assert_eq!(failing.turns_off(REFUSED, later(Span::days(5))), Some(TurnedOff::Failing));
        assert_eq!(after(1).turns_off(Outcome::Answered(410), NOW), Some(TurnedOff::Gone));
        assert_eq!(after(1).turns_off(Outcome::Answered(404), NOW), None);
    }

    #[test]
    fn a_failure_now_and_then_is_not_five_days_of_failing() {
        let march = NOW + Span::days(60);
        let failing = after(3).after(REFUSED, march, None);
        assert_eq!((failing.failing_since, failing.turns_off(REFUSED, march)), (Some(march), None));
        let daily = (1..=5).fold(after(1), |health, day| health.after(REFUSED, NOW + Span::days(day), None));
        assert_eq!(daily.turns_off(REFUSED, NOW + Span::days(5)), Some(TurnedOff::Failing));
    }

    #[test]
    fn an_endpoint_that_asks_for_time_is_left_alone_for_as_long() {
        let asked = |status, seconds| {
            after(0).after(Outcome::Answered(status), NOW, Some(Span::seconds(seconds))).opens_at
        };
        assert_eq!(asked(429, 120), Some(NOW + Span::minutes(2)));
        assert_eq!(asked(503, 7_200), Some(NOW + Span::hours(1)), "no longer than an hour");
        assert_eq!(asked(500, 120), None, "of other answers it says something else");
        let asked = after(0).after(Outcome::Answered(429), NOW, Some(Span::minutes(2)));
        assert_eq!(asked.after(REFUSED, NOW, None).opens_at, asked.opens_at);
    }

    fn lane(kind: LaneKind) -> Lane {
        let url = || Some("https://hooks.example.com/".parse().unwrap());
        Lane {
            id: Id::generate(NOW, [1; 10]),
            kind,
            subscription: Id::generate(NOW, [1; 10]),
            app: Id::generate(NOW, [1; 10]),
            account: Id::generate(NOW, [1; 10]),
            due_at: None,
            health: Health::default(),
            turned_off: None,
            app_type: AppType::Webhook,
            app_state: StateKind::Active,
            events_on: true,
            standing: Standing::Approved,
            development: url(),
            production: url(),
        }
    }

    #[test]
    fn what_flows_in_which_state_is_as_the_rules_say() {
        let table = [
            (StateKind::Draft, [false, true, true]),
            (StateKind::Active, [true, true, true]),
            (StateKind::Deactivated, [false, false, true]),
            (StateKind::Suspended, [false, false, false]),
        ];
        for (app_state, flows) in table {
            for (kind, flows) in LaneKind::ALL.iter().zip(flows) {
                assert_eq!(!Lane { app_state, ..lane(*kind) }.is_held(), flows, "{kind} {app_state}");
            }
        }
    }

    #[test]
    fn each_of_the_other_conditions_holds_a_lane() {
        let held =
            |change: fn(Lane) -> Lane| LaneKind::ALL.iter().map(move |kind| change(lane(*kind)).is_held());
        type Change = fn(Lane) -> Lane;
        let table: [(Change, [bool; 3]); 6] = [
            (|lane| Lane { events_on: false, ..lane }, [true, true, false]),
            (|lane| Lane { standing: Standing::Pending, ..lane }, [true, true, false]),
            (|lane| Lane { standing: Standing::Suspended, ..lane }, [true, true, true]),
            (|lane| Lane { turned_off: Some(TurnedOff::Gone), ..lane }, [true, true, false]),
            (|lane| Lane { production: None, ..lane }, [true, false, false]),
            (|lane| Lane { development: None, ..lane }, [false, true, false]),
        ];
        for (row, (change, expected)) in table.into_iter().enumerate() {
            assert!(held(change).eq(expected), "row {row}");
        }
    }
}
