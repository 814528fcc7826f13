//! What a second factor costs, beside the check of its code alone.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use totp_rs::{Builder as Codes, Secret, Totp};
use usermgmt_core::port::{Clock as _, ManualClock};
use usermgmt_core::proof::Principal;
use usermgmt_service::{Client, HashCost, SignIn, SignInOutcome};

use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::world::{self, PASSWORD, World};

const EMAIL: &str = "ann@example.test";
const PLAIN: &str = "bob@example.test";

/// Somebody with an authenticator application, somebody without, and a clock that goes on by a step for each code.
struct Desk {
    world: World,
    clock: Arc<ManualClock>,
    codes: Totp,
}

impl Desk {
    async fn new() -> Self {
        let start = OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time");
        let clock = Arc::new(ManualClock::at(start));
        let ticking = clock.clone();
        let world = World::new(HashCost::insecure_for_tests(), move |builder| builder.clock(ticking)).await;
        world.user(EMAIL, Some(PASSWORD)).await;
        world.user(PLAIN, Some(PASSWORD)).await;
        let (_, principal) = world.sign_in(EMAIL).await;
        let (auth, client) = (&world.auth, Client::default());
        let fresh = auth.step_up(&principal, None).expect("just signed in");
        let begun = auth.begin_totp(&client, &fresh).await.expect("begun");
        let secret = Secret::try_from_base32(begun.secret.text.as_str()).expect("a secret");
        let codes = Codes::new().with_secret(secret).build().expect("as long as it must be");
        let desk = Self { clock, codes, world };
        let code = desk.next();
        desk.world.auth.confirm_totp(&client, &fresh, begun.id, code.as_str().into()).await.expect("right");
        desk
    }

    /// The code of the next step, which is now.
    fn next(&self) -> String {
        self.clock.advance(Duration::seconds(30));
        self.codes.generate(self.seconds()).to_string()
    }

    fn seconds(&self) -> u64 {
        u64::try_from(self.clock.now().unix_timestamp()).expect("after 1970")
    }

    /// Signs in; where a code is asked for, gives it.
    async fn sign_in(&self, email: &str) -> Arc<Principal> {
        let input = SignIn { email, password: PASSWORD.into(), remember: true };
        match self.world.auth.sign_in(&Client::default(), input).await.expect("begun") {
            SignInOutcome::Complete(signed_in) => signed_in.principal,
            SignInOutcome::Pending { attempt, browser, .. } => {
                let (client, attempt) = (Client::default().with_browser(browser), attempt.expect("a new one"));
                let code = self.next();
                let auth = &self.world.auth;
                match auth
                    .prove_second_factor(&client, &attempt, code.as_str().into(), false)
                    .await
                    .expect("right")
                    .outcome
                {
                    SignInOutcome::Complete(signed_in) => signed_in.principal,
                    SignInOutcome::Pending { step, .. } => panic!("the sign-in still needs {step:?}"),
                }
            }
        }
    }

    async fn step_up(&self, principal: &Arc<Principal>) -> Arc<Principal> {
        let (auth, code) = (&self.world.auth, self.next());
        let secret = auth.step_up_by_code(&Client::default(), principal, code.as_str().into()).await.expect("right");
        auth.principal(&secret).await.expect("an answer").expect("signed in")
    }
}

pub(crate) fn run(report: &mut Report) {
    let (rounds, ops) = (report.volume(30, 3), report.volume(50, 10));
    report.note("SQLite, one at a time, passwords hashed at the cost of tests. Each code is one of a step of its own.");
    let runtime = world::single();
    let desk = runtime.block_on(Desk::new());
    let (mut check, mut step_up, mut plain, mut second) =
        (Cost::default(), Cost::default(), Cost::default(), Cost::default());
    for _ in 0..rounds {
        check.round(ops, |ops| {
            for _ in 0..ops {
                let (code, now) = (desk.next(), desk.seconds());
                assert!(desk.codes.check(&code, now).is_some(), "the code of now");
            }
        });
        let mut principal = runtime.block_on(desk.sign_in(EMAIL));
        step_up.round(ops, |ops| {
            for _ in 0..ops {
                principal = runtime.block_on(desk.step_up(&principal));
            }
        });
        plain.round(ops, |ops| (0..ops).for_each(|_| drop(runtime.block_on(desk.sign_in(PLAIN)))));
        second.round(ops, |ops| (0..ops).for_each(|_| drop(runtime.block_on(desk.sign_in(EMAIL)))));
    }
    let mut lines = vec![row(["one", "CPU", "wall"])];
    for (name, cost) in [
        ("code made and checked by totp-rs alone", &check),
        ("step-up by code", &step_up),
        ("sign-in by password", &plain),
        ("sign-in by password and code", &second),
    ] {
        lines.push(vec![name.to_owned(), us(cost.median_cpu()), us(cost.median_wall())]);
    }
    report.table(&lines);
    let ratio = |of: &Cost, to: &Cost| {
        let cpu = paired(&of.cpu, &to.cpu, |of, to| of / to);
        let wall = paired(&of.wall, &to.wall, |of, to| of / to);
        format!("{cpu:.1} × CPU, {wall:.1} × wall")
    };
    report.state("step-up by code, beside the code alone", ratio(&step_up, &check));
    report.state("sign-in with a second factor, beside one without", ratio(&second, &plain));
}
