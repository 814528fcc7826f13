use altcha::SolveChallengeOptions;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::{BotPurpose, OsRandom};

use super::*;

const NOW: i64 = 1_800_000_000;

fn call(keys: &KeyRing, purpose: BotPurpose, seconds: i64) -> BotCall<'_> {
    let now = OffsetDateTime::from_unix_timestamp(NOW + seconds).unwrap();
    BotCall { purpose, address: None, host: "localhost", raised: false, now, keys, random: &OsRandom }
}

fn cheap() -> ProofOfWork {
    ProofOfWork::new().iterations(1)
}

fn solved(check: &ProofOfWork, call: &BotCall<'_>) -> Payload {
    let challenge = check.challenge(call).unwrap().unwrap().challenge;
    let challenge: Challenge = serde_json::from_value(challenge).unwrap();
    let solution = altcha::solve_challenge(SolveChallengeOptions::new(&challenge)).unwrap().unwrap();
    Payload { challenge, solution }
}

fn answer(payload: &Payload) -> String {
    STANDARD.encode(serde_json::to_vec(payload).unwrap())
}

async fn verdict(call: &BotCall<'_>, answer: &str) -> &'static str {
    match cheap().verify(call, answer).await.unwrap() {
        BotVerdict::Passed { .. } => "passed",
        BotVerdict::Failed(word) => word,
    }
}

#[tokio::test]
async fn a_solution_counts_for_its_purpose_until_its_end_under_any_key_of_the_ring() {
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let begun = call(&keys, BotPurpose::SignIn, 0);
    let good = answer(&solved(&cheap(), &begun));
    let life = limits::WORK_LIFE.whole_seconds();
    assert_eq!(verdict(&begun, &good).await, "passed");
    assert_eq!(verdict(&call(&keys, BotPurpose::SignIn, life - 1), &good).await, "passed");
    assert_eq!(verdict(&call(&keys, BotPurpose::SignIn, life), &good).await, "expired");
    assert_eq!(verdict(&call(&keys, BotPurpose::SignUp, 0), &good).await, "purpose");
    let rotated = keys.clone().rotated(&OsRandom).unwrap();
    assert_eq!(verdict(&call(&rotated, BotPurpose::SignIn, 0), &good).await, "passed");
    let other = KeyRing::generate(&OsRandom).unwrap();
    assert_eq!(verdict(&call(&other, BotPurpose::SignIn, 0), &good).await, "signature");
}

#[tokio::test]
async fn whatever_was_touched_is_refused() {
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let begun = call(&keys, BotPurpose::SignIn, 0);
    let good = solved(&cheap(), &begun);
    let touched = async |change: &dyn Fn(&mut Payload)| {
        let mut payload = good.clone();
        change(&mut payload);
        verdict(&begun, &answer(&payload)).await
    };
    assert_eq!(touched(&|_| {}).await, "passed");
    assert_eq!(
        touched(&|payload| payload.solution.counter = payload.solution.counter.wrapping_add(1)).await,
        "solution"
    );
    assert_eq!(touched(&|payload| payload.solution.derived_key = "00".repeat(32)).await, "solution");
    assert_eq!(touched(&|payload| payload.solution.derived_key = "é".into()).await, "solution");
    assert_eq!(touched(&|payload| payload.challenge.parameters.cost = 2).await, "signature");
    assert_eq!(touched(&|payload| payload.challenge.parameters.key_prefix = String::new()).await, "signature");
    assert_eq!(touched(&|payload| payload.challenge.parameters.algorithm = "SHA-256".into()).await, "signature");
    assert_eq!(touched(&|payload| payload.challenge.parameters.nonce = "zz".into()).await, "signature");
    assert_eq!(touched(&|payload| payload.challenge.signature = None).await, "signature");
    assert_eq!(touched(&|payload| payload.challenge.parameters.data = None).await, "purpose");
    let later = |payload: &mut Payload| {
        let data = payload.challenge.parameters.data.as_mut().unwrap();
        data.insert("until".into(), json!(NOW + 999_999));
    };
    assert_eq!(touched(&later).await, "signature");
    let whole = answer(&good);
    let long = format!("{whole}{}", "A".repeat(ANSWER_MAX_BYTES));
    for bad in ["", "AAAA", "not base64 at all", whole.get(4..).unwrap(), &long] {
        assert_eq!(verdict(&begun, bad).await, "malformed", "{bad}");
    }
}

#[test]
fn the_work_grows_while_there_is_reason() {
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let cost = |check: &ProofOfWork, raised| check.make(&BotCall { raised, ..call(&keys, BotPurpose::SignUp, 0) });
    let cost = |check: &ProofOfWork, raised| cost(check, raised).unwrap().parameters.cost;
    let check = ProofOfWork::new();
    assert_eq!((cost(&check, false), cost(&check, true)), (500, 2_000));
    let most = ProofOfWork::new().iterations(u32::MAX).raised_by(u32::MAX);
    assert_eq!((cost(&most, false), cost(&most, true)), (ITERATIONS_MAX, ITERATIONS_MAX));
}
