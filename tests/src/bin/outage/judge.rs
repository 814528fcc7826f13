//! The judge: asks the database itself whether what was acknowledged is there, and nothing by halves.

use usermgmt_tests::breaches::BREACHES;
use usermgmt_tests::cluster::Cluster;

use crate::traffic::Seen;

/// Judges what is left after an outage, or ends the program with what is wrong.
pub(crate) async fn judge(seen: &Seen, database: &Cluster, name: &str) -> String {
    let wrong = seen.wrong.lock().unwrap().clone();
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.iter().take(20).cloned().collect::<String>());
    for (breach, count) in BREACHES {
        assert_eq!(database.ask(name, count).await, "0", "found: {breach}");
    }
    let acknowledged = std::mem::take(&mut *seen.acknowledged.lock().unwrap());
    for email in &acknowledged.signed_up {
        let there = format!("SELECT count(*) FROM usermgmt_identifier WHERE canonical = '{email}'");
        assert_eq!(database.ask(name, &there).await, "1", "a sign-up was acknowledged and is lost: {email}");
    }
    let times = |org: &str| format!("SELECT count(*) FROM usermgmt_org WHERE name = '{org}'");
    for org in &acknowledged.made {
        assert_eq!(database.ask(name, &times(org)).await, "1", "an acknowledged organisation: {org}");
    }
    let mut came_true = 0;
    for org in &acknowledged.perhaps_made {
        let count: u32 = database.ask(name, &times(org)).await.parse().unwrap();
        assert!(count <= 1, "{org} was made {count} times");
        came_true += count;
    }
    for (user, is_member) in &acknowledged.members {
        let there = format!("SELECT count(*) > 0 FROM usermgmt_membership WHERE user_id = '{user}'");
        assert_eq!(database.ask(name, &there).await, is_member.to_string(), "an acknowledged change of {user}");
    }
    format!(
        "{} sign-ups, {} organisations, {} changes of members, {} sign-outs were acknowledged and are there; of {} organisations \
         answered with 503 {came_true} came true, whole",
        acknowledged.signed_up.len(),
        acknowledged.made.len(),
        acknowledged.moved,
        acknowledged.signed_out,
        acknowledged.perhaps_made.len()
    )
}
