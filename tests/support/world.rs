//! A portal without its web server: a database, a clock turned by hand, and people who act.
#![allow(dead_code, unreachable_pub, reason = "shared by test binaries, each of which uses its own part")]

use std::{num::NonZeroU32, slice, sync::Arc, time::Duration};

use portico::{
    actions::{
        self, Acting, AdminTwoStep, Context, FormValue, Policy, SignUp,
        admin::AsAdmin,
        apps::NewApp,
        information::{IconChoice, NewInformation},
        invitations::NewInvitation,
        setup::{AccountChoice, NewUser},
        sign_in::{Browser, FirstStep, SignedIn},
    },
    crypto::{
        keyring::Keyring,
        password::PasswordHasher,
        token::{Token, TokenHash},
    },
    directory::{Directory, Limits},
    domain::{
        account::{AtLeast, Developer, Member, Role, Standing},
        address::AllowedNets,
        app::{App, AppType},
        audit::Origin,
        calls::{RefusedCall, SignedWith},
        credential::PlatformKey,
        delivery::{DeliveryKind, NewDelivery, schedule::Schedule},
        email::Email,
        event::{Environment, Event},
        id::{AccountId, DeliveryId, Id, InvitationId, PlatformKeyId, SubscriptionId, UserId},
        lane::LaneKind,
        password::{NewPassword, PasswordContext, TypedPassword},
        secret::Secret,
        subscription::{Endpoints, EventTypes, NewSubscription},
        time::{Clock, Span, Timestamp},
        user::Admin,
    },
    icons::Decoder,
    store::Store,
    tally::{Call, Outcome, Seats},
    telemetry::metrics::Metrics,
};

pub use super::clock::TestClock;
use super::databases::{Kind, TestDatabase};

/// The password of everybody in a [`World`].
pub const PASSWORD: &str = "correct horse battery staple";

/// Everything below the web, on a database of its own.
pub struct World {
    pub database: TestDatabase,
    pub clock: Arc<TestClock>,
    pub ctx: Context,
}

/// Somebody with a role in one account.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: UserId,
    pub email: Email,
    pub account: AccountId,
    pub role: Role,
}

/// What the operator of a test decides unless told otherwise; change a part by
/// `Policy { max_apps: at_most(3), ..policy() }`.
pub fn policy() -> Policy {
    Policy {
        platform_name: String::from("Meridian"),
        public_url: String::from("http://127.0.0.1:8080"),
        audience: String::from("http://127.0.0.1:8080"),
        support: None,
        sign_up: SignUp::Open,
        new_accounts: Standing::Approved,
        admin_two_step: AdminTwoStep::Optional,
        max_apps: at_most(50),
        max_subscriptions: at_most(10),
        webhook_nets: AllowedNets::default(),
        retry_schedule: Schedule::standard(),
        retention: Span::days(30),
    }
}

async fn context(store: &Store, clock: &Arc<TestClock>, policy: Policy) -> Context {
    let keys = Keyring::new(&Secret::new([7; 32]));
    let clock: Arc<dyn Clock> = Arc::<TestClock>::clone(clock);
    // Nobody follows the log here unless the test does, however long it takes. Many tests run at once,
    // so that a look-up may take longer than any should.
    let (stale, wait) = (Duration::from_secs(3_600), Duration::from_secs(5));
    let limits = Limits { entries: 10_000, stale, wait };
    let directory = Directory::open(store.clone(), keys.clone(), Arc::clone(&clock), limits);
    Context {
        store: store.clone(),
        directory: directory.await.expect("the log is read"),
        limiter: None,
        guesses: Arc::default(),
        misfits: Arc::default(),
        tally: Arc::default(),
        keys,
        clock,
        passwords: PasswordHasher::new(2),
        icons: Decoder::new(2),
        policy: Arc::new(policy),
        deliveries_due: Arc::default(),
        metrics: Arc::new(Metrics::off()),
    }
}

/// A limit.
pub fn at_most(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("a limit is at least one")
}

/// Reads a value that the test knows to be good: `parsed("Relay")`.
pub fn parsed<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no {}", std::any::type_name::<T>()))
}

impl World {
    pub async fn new(kind: Kind) -> Self {
        Self::under(kind, policy()).await
    }

    /// A world whose operator has decided otherwise.
    pub async fn under(kind: Kind, policy: Policy) -> Self {
        let database = TestDatabase::new(kind).await;
        let clock = Arc::new(TestClock::new());
        let ctx = context(&database.store, &clock, policy).await;
        Self { database, clock, ctx }
    }

    /// Has this process hear of a change of the account that was made past the rules.
    pub async fn hear_of(&self, account: AccountId) {
        let account = self.database.literal(&account);
        let change = format!(
            "update revision set n = n + 1;
             insert into changes (n, account_id) select n, {account} from revision"
        );
        self.database.run(&change).await;
        self.ctx.directory.follow().await.expect("the log is read");
    }

    /// What another process over the same database would have: a memory of its own.
    pub async fn another_process(&self) -> Context {
        let store = Store::open(&self.database.database).await.expect("the database opens");
        context(&store, &self.clock, Policy::clone(&self.ctx.policy)).await
    }

    /// A user with a proven address, the owner of an approved account called after it.
    pub async fn user(&self, email: &str) -> Person {
        self.person(email, AccountChoice::New(parsed(email)), false).await
    }

    /// As [`World::user`], and an admin of the platform.
    pub async fn admin(&self, email: &str) -> Person {
        self.person(email, AccountChoice::New(parsed(email)), true).await
    }

    /// A user who belongs to somebody's account, as a developer.
    pub async fn colleague(&self, email: &str, of: &Person) -> Person {
        self.person(email, AccountChoice::Existing(of.account), false).await
    }

    /// The same person in the same account, in another role.
    pub async fn with_role(&self, person: Person, role: Role) -> Person {
        let (account, user) = (person.account.uuid(), person.id.uuid());
        let (account, user) = match self.database.kind() {
            Kind::Sqlite => (format!("x'{}'", account.simple()), format!("x'{}'", user.simple())),
            Kind::Postgres => (format!("'{account}'"), format!("'{user}'")),
        };
        let update = "update memberships set role =";
        let sql = format!("{update} '{role}' where account_id = {account} and user_id = {user}");
        self.database.run(&sql).await;
        Person { role, ..person }
    }

    async fn person(&self, email: &str, account: AccountChoice, is_admin: bool) -> Person {
        let context = PasswordContext { platform: &self.ctx.policy.platform_name, email, name: "" };
        let new = NewUser {
            name: parsed(email),
            email: parsed(email),
            password: NewPassword::parse(PASSWORD, &context).expect("a good password"),
            account,
            is_admin,
        };
        let id = actions::setup::create_user(&self.ctx, new).await.expect("the user is made");
        let memberships = self.database.read().await.memberships(id).await.expect("memberships");
        let [membership] = memberships.as_slice() else { panic!("not one membership: {memberships:?}") };
        Person { id, email: parsed(email), account: membership.account.id, role: membership.role }
    }

    /// The person at work with at least role `R`, which they must have.
    pub fn acting<R: AtLeast>(&self, person: &Person) -> Acting<R> {
        let member = Member::prove(person.id, person.account, person.role);
        Acting { member: member.expect("the person has the role"), origin: Origin::default() }
    }

    /// An admin of the platform at work.
    pub async fn as_admin(&self, person: &Person) -> AsAdmin {
        let user = self.database.read().await.user(person.id).await.expect("a row").expect("the user").user;
        AsAdmin { admin: Admin::prove(&user).expect("an admin"), origin: Origin::default() }
    }

    /// The value of a form that works once.
    pub fn form(&self, person: &Person) -> FormValue {
        FormValue::new(person.id, Token::generate().expose())
    }

    /// A new session, by address and password.
    pub async fn sign_in(&self, person: &Person) -> SignedIn {
        let by = actions::By::visitor(Origin::default());
        let password = TypedPassword::parse(PASSWORD).expect("a password");
        let browser = Browser::default();
        let signed_in = actions::sign_in::sign_in(&self.ctx, &by, &browser, &person.email, password);
        match signed_in.await.expect("the person signs in") {
            FirstStep::SignedIn(signed_in) => signed_in,
            FirstStep::CodeNeeded(_) => panic!("a code is needed too"),
        }
    }

    /// A draft that signs tokens with the account's pair.
    pub async fn jwt_app(&self, owner: &Person, name: &str) -> App {
        self.app(owner, AppType::Jwt, name).await
    }

    /// A draft that only receives events.
    pub async fn webhook_app(&self, owner: &Person, name: &str) -> App {
        self.app(owner, AppType::Webhook, name).await
    }

    /// A draft of a type.
    pub async fn app(&self, owner: &Person, app_type: AppType, name: &str) -> App {
        let new = NewApp { app_type, name: parsed(name) };
        let created = actions::apps::create(&self.ctx, &self.acting(owner), self.form(owner), &new).await;
        let id = created.expect("the app is made").into_inner();
        actions::apps::seen_by(&self.ctx, owner.id, id).await.expect("its maker sees it")
    }

    /// The app as it is now, with all that activation needs, and active.
    pub async fn activate(&self, owner: &Person, app: &App) -> App {
        let acting = self.acting(owner);
        let saved = information(app.information.name.as_str());
        let saved = actions::information::save(&self.ctx, &acting, app.id, saved, IconChoice::Keep);
        saved.await.expect("the information is saved");
        self.register(&acting, app).await;
        actions::activation::activate(&self.ctx, &acting, app.id).await.expect("the app is activated");
        actions::apps::seen_by(&self.ctx, owner.id, app.id).await.expect("its owner sees it")
    }

    /// A call of the app that was refused, as if it had been made.
    pub fn refused(&self, owner: &Person, app: &App, code: &str, detail: &str, at: Timestamp) {
        let outcome = Outcome::Refused(RefusedCall {
            app: Some(app.id),
            at,
            code: parsed(code),
            detail: detail.to_owned().into(),
            off_by_s: Some(61),
            signed_with: SignedWith::OldSecret,
            address: Some(parsed("203.0.113.18")),
        });
        self.ctx.tally.count(Call {
            account: Some(owner.account),
            is_unnamed: false,
            old_secret: None,
            outcome,
            seats: Seats::default(),
        });
    }

    /// A token of the app, signed now for an hour.
    pub async fn token(&self, owner: &Person, app: &App) -> String {
        let acting = self.acting::<Developer>(owner);
        let exp = self.ctx.now() + Span::hours(1);
        let made = actions::credentials::test_token(&self.ctx, &acting, app, exp).await;
        made.expect("a token").token
    }

    /// A platform key of the operator's making.
    pub async fn platform_key(&self, name: &str) -> (PlatformKeyId, PlatformKey) {
        let key = actions::platform_keys::create(&self.ctx, parsed(name)).await.expect("a key");
        let hash = TokenHash::of_secret(&key);
        let facts = self.database.read().await.platform_key_of_hash(hash.as_bytes()).await;
        (facts.expect("a row").expect("the key").id, key)
    }

    /// An event in production with its delivery to the subscription, as if it had been published.
    pub async fn delivery(&self, owner: &Person, app: &App, subscription: SubscriptionId) -> DeliveryId {
        let event = Event {
            id: self.ctx.new_id(),
            account: owner.account,
            event_type: parsed("meeting.started"),
            environment: Environment::Production,
            body: String::from(r#"{"type":"meeting.started","data":{"topic":"Zoë"}}"#),
            occurred_at: self.ctx.now(),
            created_at: self.ctx.now(),
        };
        let id = self.ctx.new_id();
        let mut tx = self.database.begin().await;
        let lane = tx.ensure_lane(self.ctx.new_id(), subscription, LaneKind::Production).await;
        tx.insert_events(slice::from_ref(&event)).await.expect("an event");
        let new = NewDelivery {
            id,
            event: event.id,
            app: app.id,
            subscription,
            lane: lane.expect("a lane"),
            kind: DeliveryKind::Event,
            environment: event.environment,
            event_type: event.event_type,
            created_at: event.created_at,
        };
        tx.insert_deliveries(slice::from_ref(&new)).await.expect("a delivery");
        tx.commit().await.expect("it holds");
        id
    }

    /// An invitation to the owner's account; its link is in the mail.
    pub async fn invite(&self, owner: &Person, email: &str, role: Role) -> InvitationId {
        let new = NewInvitation { email: parsed(email), role };
        let acting = self.acting(owner);
        let sent = actions::invitations::invite(&self.ctx, &acting, self.form(owner), new).await;
        sent.expect("the invitation is sent").into_inner()
    }

    /// A subscription of the app to `meeting.started`.
    pub async fn subscription(&self, owner: &Person, app: &App) -> SubscriptionId {
        let new = subscribing_to(&["meeting.started"]);
        let acting = self.acting(owner);
        let created = actions::subscriptions::create(&self.ctx, &acting, app, self.form(owner), &new).await;
        created.expect("the subscription is made").into_inner()
    }
}

/// What activation needs, under a name.
pub fn information(name: &str) -> NewInformation {
    NewInformation {
        name: parsed(name),
        short_description: parsed("Passes meetings on"),
        long_description: None,
        company_name: parsed("Meridian GmbH"),
        contact_name: parsed("Ada Lovelace"),
        contact_email: parsed("ada@meridian.example"),
        privacy_policy_url: None,
        terms_url: None,
        support_url: None,
    }
}

/// A subscription to these event types, with both URLs.
pub fn subscribing_to(event_types: &[&str]) -> NewSubscription {
    let endpoint = |url| Some(parsed(url));
    let urls = ("https://dev.meridian.example/hook", "https://meridian.example/hook");
    NewSubscription {
        name: None,
        endpoints: Endpoints::new(endpoint(urls.0), endpoint(urls.1)).expect("a URL"),
        event_types: EventTypes::new(event_types.iter().map(|name| parsed(name)).collect())
            .expect("an event type"),
    }
}
