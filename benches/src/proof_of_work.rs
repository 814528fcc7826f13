//! What the check of a proof of work costs, beside the library's verification alone.

use altcha::{Challenge, Payload, SolveChallengeOptions, VerifySolutionOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::{BotCall, BotCheck as _, BotPurpose, BotVerdict, Clock as _, OsRandom, SystemClock};
use usermgmt_service::ProofOfWork;

use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::world;

/// A secret of the library's own, as long as ours.
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn solved(challenge: Challenge) -> Payload {
    let options = SolveChallengeOptions::new(&challenge);
    let solution = altcha::solve_challenge(options).expect("a sound challenge").expect("a solution");
    Payload { challenge, solution }
}

/// As a form carries it.
fn encoded(payload: &Payload) -> String {
    STANDARD.encode(serde_json::to_vec(payload).expect("JSON"))
}

pub(crate) fn run(report: &mut Report) {
    let (rounds, ops) = (report.volume(30, 3), report.volume(200, 20));
    report.note(
        "The default difficulty. One solution, looked at again and again: that it counts once is the store's work.",
    );
    let (runtime, keys, check) =
        (world::single(), KeyRing::generate(&OsRandom).expect("randomness"), ProofOfWork::new());
    let call = BotCall {
        purpose: BotPurpose::SignUp,
        address: Some("192.0.2.1"),
        host: "localhost",
        raised: false,
        now: SystemClock.now(),
        keys: &keys,
        random: &OsRandom,
    };
    let asked = check.challenge(&call).expect("randomness").expect("a challenge").challenge;
    let asked: Challenge = serde_json::from_value(asked).expect("a challenge");
    let mut parameters = asked.parameters.clone();
    let solution = encoded(&solved(asked));
    let sha256 = &altcha::HmacAlgorithm::Sha256;
    let bare = altcha::sign_challenge(sha256, &mut parameters, None, SECRET, None).expect("a challenge");
    let bare = encoded(&solved(bare));

    let (mut alone, mut ours) = (Cost::default(), Cost::default());
    for _ in 0..rounds {
        alone.round(ops, |ops| {
            for _ in 0..ops {
                let json = STANDARD.decode(&bare).expect("base64");
                let Payload { challenge, solution } = serde_json::from_slice(&json).expect("JSON");
                let verified = altcha::verify_solution(VerifySolutionOptions::new(&challenge, &solution, SECRET));
                assert!(verified.expect("a verdict").verified, "it is solved");
            }
        });
        ours.round(ops, |ops| {
            for _ in 0..ops {
                let verdict = runtime.block_on(check.verify(&call, &solution)).expect("a verdict");
                assert!(matches!(verdict, BotVerdict::Passed { .. }), "it is solved");
            }
        });
    }
    let mut lines = vec![row(["one", "CPU", "wall"])];
    for (name, cost) in [("answer read and verified by altcha alone", &alone), ("check of the proof of work", &ours)] {
        lines.push(vec![name.to_owned(), us(cost.median_cpu()), us(cost.median_wall())]);
    }
    report.table(&lines);
    let cpu = paired(&ours.cpu, &alone.cpu, |of, to| of / to);
    report.judge("check of the proof of work, beside altcha alone", format!("{cpu:.2} × CPU"), "≤ 1.2 ×", cpu <= 1.2);
}
